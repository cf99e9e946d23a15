// SPDX-License-Identifier: BSD-3-Clause
//
// Counting votes a second time.
#include "netsim/checkers/votes.h"

#include <algorithm>

namespace sunder::netsim {

Votes::Node& Votes::of(View& view, NodeId node) {
    std::size_t const all = view.world.cluster().nodes.size();
    nodes_.resize(all);
    nodes_[node.value].hears.resize(all);
    return nodes_[node.value];
}

void Votes::started(View& view, NodeId node) {
    of(view, node) = {};
    of(view, node).has = count(view, node);
}

void Votes::heard(View& view, NodeId node, NodeId peer, bool is_heard) {
    of(view, node).hears[peer.value] = is_heard;
    of(view, node).has = count(view, node);
}

void Votes::reaches_storage(View& view, NodeId node, bool reaches) {
    of(view, node).reaches_storage = reaches;
    of(view, node).has = count(view, node);
}

bool Votes::has_quorum(View& view, NodeId node) {
    Node& self = of(view, node);
    bool const counted = view.world.cluster().quorum.mode == nodes::QuorumMode::majority;
    return counted ? self.has : count(view, node);
}

bool Votes::count(View& view, NodeId node) {
    QuorumSetup const& quorum = view.world.cluster().quorum;
    Node const& self = of(view, node);
    if (quorum.mode == nodes::QuorumMode::none) return true;
    if (quorum.mode == nodes::QuorumMode::storage) return self.reaches_storage;
    std::size_t voters = 0;
    std::size_t heard = 0;
    bool breaker = false;
    for (std::uint8_t other = 0; other < self.hears.size(); ++other) {
        bool const hears = other == node.value || self.hears[other];
        if (std::ranges::find(quorum.tie_breakers, NodeId{other}) != quorum.tie_breakers.end()) {
            breaker = breaker || hears;
        } else {
            ++voters;
            heard += hears ? 1 : 0;
        }
    }
    return heard * 2 > voters || (heard * 2 == voters && breaker && self.has);
}

}  // namespace sunder::netsim
