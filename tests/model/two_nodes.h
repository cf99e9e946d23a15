// SPDX-License-Identifier: BSD-3-Clause
//
// The clusters that searches are tested on: two nodes, one mirror of two blocks.
#pragma once

#include "scenarios/language/explore.h"

namespace sunder::model {

struct Setup {
    netsim::Mode mode = netsim::Mode::synchronous;
    bool guarded = false;
    bool intent_log = true;
    bool bitmap_merge = true;
    replication::SplitBrainPolicy split_brain = replication::SplitBrainPolicy::disconnect;
};

inline language::Scenario scenario(Setup const& setup, netsim::Bounds const& bounds) {
    language::Scenario made;
    made.path = "model";
    made.title = "two nodes";
    made.cluster.policy.guarded = setup.guarded;
    made.cluster.policy.bitmap_merge = setup.bitmap_merge;
    made.cluster.policy.split_brain.policy = setup.split_brain;
    made.cluster.nodes = {{"server1", {}}, {"server2", {}}};
    made.cluster.links = {{0, 1, {}, {}}};
    netsim::MirrorSetup mirror;
    mirror.name = "datarep";
    mirror.sectors = bounds.blocks;
    mirror.on = {NodeId{0}, NodeId{1}};
    mirror.mode = setup.mode;
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
