// SPDX-License-Identifier: BSD-3-Clause
//
// For how long a node has been without quorum when a host asks it.
#include "netsim/checkers/no_service_without_quorum.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

Duration patience(Cluster const& cluster) {
    Duration all = seconds(10) + cluster.detection.connection_timeout;
    Duration begun;
    for (ResourceSetup const& resource : cluster.resources) {
        all += resource.stop;
        begun = std::max({begun, resource.start, resource.recovery});
    }
    return all + begun;
}

}  // namespace

void NoServiceWithoutQuorum::count(View& view, NodeId node) {
    if (votes_.has_quorum(view, node)) {
        since_.erase(node);
    } else {
        since_.emplace(node, view.now());
    }
}

void NoServiceWithoutQuorum::on(View& view, seen::NodeStarted const& started) {
    votes_.started(view, started.node);
    since_.erase(started.node);
    count(view, started.node);
    std::erase_if(forced_, [&](auto const& one) { return one.first == started.node; });
}

/// Its clock stood still meanwhile.
void NoServiceWithoutQuorum::on(View& view, seen::NodeResumed const& resumed) {
    if (auto const found = since_.find(resumed.node); found != since_.end()) {
        found->second = view.now();
    }
}

void NoServiceWithoutQuorum::on(View& view, NodeId node, nodes::note::PeerSeen const& note) {
    votes_.heard(view, node, note.peer, true);
    count(view, node);
}

void NoServiceWithoutQuorum::on(View& view, NodeId node, nodes::note::PeerLost const& note) {
    votes_.heard(view, node, note.peer, false);
    count(view, node);
}

void NoServiceWithoutQuorum::on(View& view, NodeId node, nodes::note::QuorumChanged const& note) {
    votes_.reaches_storage(view, node, note.rule == nodes::QuorumRule::storage_reached);
    count(view, node);
}

void NoServiceWithoutQuorum::on(View&, NodeId node, nodes::note::CameInService const& came) {
    if (came.forced) {
        forced_.insert({node, came.group});
    } else {
        forced_.erase({node, came.group});
    }
}

void NoServiceWithoutQuorum::on(View& view, seen::HostAsked const& asked) {
    if (!asked.accepted || forced_.contains({asked.node, asked.group})) return;
    auto const found = since_.find(asked.node);
    if (found == since_.end()) return;
    Duration const without = view.now() - found->second;
    if (without <= patience(view.world.cluster())) return;
    view.violated(
        text, asked.group,
        fmt::format("{} takes a request for {}, and has had no quorum for {}",
                    view.name(asked.node), view.mirror(asked.group).name, to_text(without)));
}

}  // namespace sunder::netsim
