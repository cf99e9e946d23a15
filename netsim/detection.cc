// SPDX-License-Identifier: BSD-3-Clause
//
// Failure detection as a service: heartbeats are never simulated one by one. The moment of silence,
// and of the first beat after it, follow from the links and from where in its interval the last
// beat was.
#include "netsim/world.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {
constexpr PathId only_path{0};
}

void World::update_watchers() {
    for (std::uint8_t who = 0; who < nodes_.size(); ++who) {
        for (std::uint8_t whom = 0; whom < nodes_.size(); ++whom) {
            if (who != whom) update_watcher(NodeId{who}, NodeId{whom});
        }
    }
}

void World::update_watcher(NodeId who, NodeId whom) {
    Watcher& watch = watcher(who, whom);
    if (!watch.watched || !runs(who)) return;
    bool const audible = runs(whom) && network_.reaches(whom.value, who.value);
    if (audible == watch.audible) return;
    watch.audible = audible;
    ++watch.token;
    Detection const& detection = cluster_->detection;
    Duration const phase{static_cast<std::int64_t>(
        choose(static_cast<std::uint64_t>(detection.interval.ns), Choice::beat_phase, who.value))};
    Duration const due = audible ? now_ + phase + network_.latency(whom.value, who.value)
                                 : now_ + detection.interval * detection.missed - phase;
    queue_.push(due, {audible ? EventKind::heard : EventKind::silent, who.value, 0, whom.value,
                      watch.token});
}

void World::heard(NodeId who, NodeId whom) {
    Watcher& watch = watcher(who, whom);
    if (watch.told) return;  // it came back before it was missed
    watch.told = true;
    trace(who, fmt::format("hears {}", nodes_[whom.value].name));
    step_node(who, nodes::input::PeerHeard{whom, only_path});
}

void World::silent(NodeId who, NodeId whom) {
    Watcher& watch = watcher(who, whom);
    watch.audible = false;
    ++watch.token;
    if (!watch.told) return;
    watch.told = false;
    trace(who, fmt::format("no longer hears {}", nodes_[whom.value].name));
    step_node(who, nodes::input::PeerSilent{whom, only_path});
}

}  // namespace sunder::netsim
