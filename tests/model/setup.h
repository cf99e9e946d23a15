// SPDX-License-Identifier: BSD-3-Clause
//
// The clusters that searches are tested on: two nodes or a few more, each linked to each, and one
// mirror of two blocks.
#pragma once

#include "scenarios/language/exhaust.h"

#include <string>

namespace sunder::model {

struct Setup {
    netsim::Mode mode = netsim::Mode::synchronous;
    bool guarded = false;
    bool intent_log = true;
    bool bitmap_merge = true;
    replication::SplitBrainPolicy split_brain = replication::SplitBrainPolicy::disconnect;
    std::uint8_t copies = 2;
    bool fenced = false;
    bool last_lags = false;  ///< the last copy is asynchronous with all others (R54)
};

inline language::Scenario scenario(Setup const& setup, netsim::Bounds const& bounds) {
    language::Scenario made;
    made.path = "model";
    made.title = "a small cluster";
    made.cluster.policy.guarded = setup.guarded;
    if (setup.fenced) made.cluster.fencing.emplace();
    made.cluster.policy.bitmap_merge = setup.bitmap_merge;
    made.cluster.policy.split_brain.policy = setup.split_brain;
    netsim::MirrorSetup mirror;
    mirror.name = "datarep";
    mirror.sectors = bounds.blocks;
    for (std::uint8_t node = 0; node < setup.copies; ++node) {
        made.cluster.nodes.push_back({"server" + std::to_string(node + 1), {}});
        for (std::uint8_t other = 0; other < node; ++other) {
            made.cluster.links.push_back({other, node, {}, {}});
        }
        mirror.on.push_back(NodeId{node});
    }
    mirror.mode = setup.mode;
    auto const last = static_cast<std::uint8_t>(setup.copies - 1);
    for (std::uint8_t node = 0; setup.last_lags && node < last; ++node) {
        mirror.pairs.push_back({node, last, netsim::Mode::asynchronous});
    }
    if (!setup.intent_log) mirror.intent_log_chunk.reset();
    made.cluster.mirrors = {mirror};
    made.bounded = bounds;
    return made;
}

inline netsim::Bounds bounds(netsim::Amounts const& most) {
    netsim::Bounds made;
    made.most = most;
    made.faults = most.faults();
    return made;
}

}  // namespace sunder::model
