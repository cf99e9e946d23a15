// SPDX-License-Identifier: BSD-3-Clause
//
// Failure detection as a service: heartbeats are never simulated one by one. The moment of silence,
// and of the first beat after it, follow from the links and from where in its interval the last
// beat was. Nodes with a quorum disk also write beats to it and read each other's there.
#include "netsim/world.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::netsim {

/// Of a shared disk, either server answers for it: while one of them lives, it may go on (R53).
bool World::beats_arrive(NodeId who, NodeId whom, PathId path) const {
    if (shares_a_disk(whom)) {
        return std::ranges::any_of(cluster_->nodes[whom.value].shared_by, [&](NodeId server) {
            return runs(server) && network_.reaches(server.value, who.value);
        });
    }
    if (!runs(whom)) return false;
    if (path == nodes::network_path) return network_.reaches(whom.value, who.value);
    NodeId const disk = *cluster_->quorum.storage;
    return runs(disk) && network_.reaches(whom.value, disk.value) &&
           network_.reaches(disk.value, who.value) && network_.reaches(who.value, disk.value);
}

Duration World::beat_latency(NodeId who, NodeId whom, PathId path) const {
    if (shares_a_disk(whom)) {
        for (NodeId const server : cluster_->nodes[whom.value].shared_by) {
            if (runs(server) && network_.reaches(server.value, who.value))
                return network_.latency(server.value, who.value);
        }
    }
    if (path == nodes::network_path) return network_.latency(whom.value, who.value);
    NodeId const disk = *cluster_->quorum.storage;
    return network_.latency(whom.value, disk.value) + network_.latency(disk.value, who.value);
}

void World::update_watchers() {
    for (std::uint8_t path = 0; path < paths(); ++path) {
        for (std::uint8_t who = 0; who < nodes_.size(); ++who) {
            for (std::uint8_t whom = 0; whom < nodes_.size(); ++whom) {
                update_watcher(NodeId{who}, NodeId{whom}, PathId{path});
            }
        }
    }
}

void World::update_watcher(NodeId who, NodeId whom, PathId path) {
    Watcher& watch = watcher(who, whom, path);
    if (!watch.watched || !runs(who)) return;
    bool const audible = beats_arrive(who, whom, path);
    if (audible == watch.audible) return;
    watch.audible = audible;
    ++watch.token;
    Detection const& detection = cluster_->detection;
    Duration const phase{static_cast<std::int64_t>(
        choose(static_cast<std::uint64_t>(detection.interval.ns), Choice::beat_phase, who.value))};
    Duration const due = audible
                             ? now_ + phase + beat_latency(who, whom, path)
                             : now_ + by_clock(who, detection.interval * detection.missed - phase);
    queue_.push(due, {audible ? EventKind::heard : EventKind::silent, who.value, 0,
                      whom.value | std::uint32_t{path.value} << 8, watch.token});
}

void World::heard(NodeId who, NodeId whom, PathId path) {
    Watcher& watch = watcher(who, whom, path);
    if (watch.told) return;  // it came back before it was missed
    watch.told = true;
    confined_ = false;
    if (tracer) trace(who, fmt::format("hears {}", nodes_[whom.value].name));
    step_node(who, nodes::input::PeerHeard{whom, path});
    sharer_heard(who, whom);
}

void World::silent(NodeId who, NodeId whom, PathId path) {
    Watcher& watch = watcher(who, whom, path);
    watch.audible = false;
    ++watch.token;
    if (!watch.told) return;
    watch.told = false;
    if (tracer) trace(who, fmt::format("no longer hears {}", nodes_[whom.value].name));
    step_node(who, nodes::input::PeerSilent{whom, path});
    tell_sharers(who, nodes::shared_disk::input::PeerSilent{hears_others(who, whom)}, whom);
}

}  // namespace sunder::netsim
