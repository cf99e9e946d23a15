// SPDX-License-Identifier: BSD-3-Clause
//
// Failure detection as a service: heartbeats are never simulated one by one. The moment of silence,
// and of the first beat after it, follow from the links and from where in its interval the last
// beat was. Nodes with a quorum disk also write beats to it and read each other's there.
//
// Where links lose what is sent, beats are lost one by one, each for itself. As many in a row as
// make a peer silent are rare, and only they are drawn: the moment at which the last of them is
// missed, and then that of the first beat that arrives. A word that arrives counts as a beat, also
// where all beats are lost (FLT-6). Beats on a quorum disk travel in streams of the storage's own,
// which send again what is lost.
#include "netsim/world.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::netsim {

namespace {

/// Of what need not be awaited: no run is so long.
constexpr Duration longest_wait = hours(1'000'000);

/// A beat, or a word.
bool something_reaches(Network const& network, NodeId from, NodeId to) {
    return network.beats_reach(from.value, to.value) || network.reaches(from.value, to.value);
}

/// Of a beat that is lost on the way.
Odds odds_on(Network const& network, NodeId from, NodeId to) {
    bool const severed = !network.beats_reach(from.value, to.value);
    return severed ? certain : network.weather(from.value, to.value).lost;
}

}  // namespace

/// Of a shared disk, either server answers for it: while one of them lives, it may go on (R53).
bool World::beats_arrive(NodeId who, NodeId whom, PathId path) const {
    if (shares_a_disk(whom)) {
        return std::ranges::any_of(cluster_->nodes[whom.value].shared_by, [&](NodeId server) {
            return runs(server) && something_reaches(network_, server, who);
        });
    }
    if (!runs(whom)) return false;
    if (path == nodes::network_path) return something_reaches(network_, whom, who);
    NodeId const disk = *cluster_->quorum.storage;
    return runs(disk) && network_.reaches(whom.value, disk.value) &&
           network_.reaches(disk.value, who.value) && network_.reaches(who.value, disk.value);
}

Duration World::beat_latency(NodeId who, NodeId whom, PathId path) const {
    if (shares_a_disk(whom)) {
        for (NodeId const server : cluster_->nodes[whom.value].shared_by) {
            if (runs(server) && something_reaches(network_, server, who))
                return network_.latency(server.value, who.value);
        }
    }
    if (path == nodes::network_path) return network_.latency(whom.value, who.value);
    NodeId const disk = *cluster_->quorum.storage;
    return network_.latency(whom.value, disk.value) + network_.latency(disk.value, who.value);
}

/// One of a peer that lives; nothing while none can arrive.
Odds World::beats_lost(NodeId who, NodeId whom, PathId path) const {
    if (path != nodes::network_path) return 0;
    for (NodeId const server : cluster_->nodes[whom.value].shared_by) {
        if (runs(server) && something_reaches(network_, server, who))
            return odds_on(network_, server, who);
    }
    return odds_on(network_, whom, who);
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
    Odds const lost = audible ? beats_lost(who, whom, path) : 0;
    if (audible == watch.audible && lost == watch.lost) return;
    if (watch.lost != 0) forget_lost_beats(who, whom, path);
    watch.audible = audible;
    watch.lost = lost;
    ++watch.token;
    Detection const& detection = cluster_->detection;
    Duration const phase{static_cast<std::int64_t>(
        choose(static_cast<std::uint64_t>(detection.interval.ns), Choice::beat_phase, who.value))};
    if (audible && watch.told && lost != 0) {
        await_lost_beats(who, whom, path, now_ - phase);
        return;
    }
    if (audible && lost == certain) return;  // but a word may come
    Duration const due =
        audible ? now_ + phase + beat_latency(who, whom, path) + beats_missing(who, lost)
                : now_ + by_clock(who, detection.interval * detection.missed - phase);
    queue_.push(due, {audible ? EventKind::heard : EventKind::silent, who.value, 0,
                      whom.value | std::uint32_t{path.value} << 8, watch.token});
}

/// How much later than the next beat the first one is that arrives.
Duration World::beats_missing(NodeId who, Odds lost) {
    if (lost == 0) return {};
    return beats_long(times_in_a_row(lost, choose(certain, Choice::beat_loss, who.value)));
}

/// The time of so many beats, or longer than any run.
Duration World::beats_long(std::uint64_t beats) const {
    Duration const interval = cluster_->detection.interval;
    auto const most = static_cast<std::uint64_t>(longest_wait.ns / interval.ns);
    return beats > most ? longest_wait : interval * static_cast<std::int64_t>(beats);
}

void World::await_lost_beats(NodeId who, NodeId whom, PathId path, Duration last) {
    Watcher& watch = watcher(who, whom, path);
    ++watch.token;  // what was awaited before is no more
    if (watch.lost == 0) return;
    std::uint32_t const missed = cluster_->detection.missed;
    std::uint64_t const beats =
        beats_until_silence(watch.lost, missed, choose(certain, Choice::beat_loss, who.value));
    Duration const arrive = beats_long(beats - missed);
    if (arrive == longest_wait) return;
    queue_.push(std::max(now_, last + arrive + patience(who)),
                {EventKind::silent, who.value, 0, whom.value | std::uint32_t{path.value} << 8,
                 watch.token});
}

Duration World::patience(NodeId who) const {
    return by_clock(who, cluster_->detection.interval * cluster_->detection.missed);
}

/// The peer is dead, or cut off; or nothing but its beats was lost, and it will be heard again.
void World::beats_missed(NodeId who, NodeId whom, PathId path) {
    Watcher& watch = watcher(who, whom, path);
    if (!watch.audible || watch.lost == 0) {
        silent(who, whom, path);
        return;
    }
    if (now_ - watch.spoke < patience(who)) {
        await_lost_beats(who, whom, path, watch.spoke);
        return;
    }
    ++watch.token;
    if (watch.lost != certain) {
        Duration const next = cluster_->detection.interval + beats_missing(who, watch.lost);
        queue_.push(now_ + next, {EventKind::heard, who.value, 0,
                                  whom.value | std::uint32_t{path.value} << 8, watch.token});
    }
    see(seen::BeatsLost{who, whom, cluster_->detection.missed});
    tell_silent(who, whom, path);
}

bool World::goes_on() const {
    // Where all are lost it will be silent, and soon.
    auto const is_lossy = [](Watcher const& watch) {
        return watch.audible && watch.lost != 0 && watch.lost != certain;
    };
    bool const lossy = std::ranges::any_of(watchers_, is_lossy);
    bool more = false;
    // What was overtaken by others may be due years ahead.
    queue_.for_each_pending([&](EventQueue::Pending const& pending) {
        if (more || !current(pending.event)) return;
        bool const swallowed =
            lossy && pending.event.kind == EventKind::silent && is_lossy(watcher(pending.event));
        more = !swallowed;
    });
    return more;
}

std::optional<EventQueue::Pending> World::silence_ahead(NodeId who, NodeId whom, PathId path) {
    std::uint32_t const what = whom.value | std::uint32_t{path.value} << 8;
    std::optional<EventQueue::Pending> drawn;
    queue_.for_each_pending([&](EventQueue::Pending const& pending) {
        Event const& event = pending.event;
        bool const same = event.kind == EventKind::silent && event.node == who.value &&
                          event.what == what && event.token == watcher(who, whom, path).token;
        if (same) drawn = pending;
    });
    return drawn;
}

/// What was drawn for a link that was lossy may be years ahead.
void World::forget_lost_beats(NodeId who, NodeId whom, PathId path) {
    if (auto const drawn = silence_ahead(who, whom, path)) queue_.remove(*drawn);
}

/// Who misses beats by a clock that steps forward far enough has missed them (FLT-11), although
/// they arrive; the next one puts that right, and a step back, too.
void World::step_watches(NodeId who, Duration by) {
    if (!runs(who)) return;
    for (std::uint8_t path = 0; path < paths(); ++path) {
        for (std::uint8_t whom = 0; whom < nodes_.size(); ++whom) {
            step_watch(who, NodeId{whom}, PathId{path}, by);
        }
    }
}

void World::step_watch(NodeId who, NodeId whom, PathId path, Duration by) {
    Watcher& watch = watcher(who, whom, path);
    if (!watch.watched || !watch.told) return;
    bool const beats_come = watch.audible && watch.lost != certain;
    if (beats_come && by > Duration{}) {
        auto const interval = static_cast<std::uint64_t>(cluster_->detection.interval.ns);
        Duration const phase{
            static_cast<std::int64_t>(choose(interval, Choice::beat_phase, who.value))};
        if (phase + by < patience(who)) return;
        if (watch.lost != 0) forget_lost_beats(who, whom, path);
        silent(who, whom, path);
    } else if (!beats_come) {
        watch.spoke = watch.spoke - by;
        auto const ahead = silence_ahead(who, whom, path);
        if (!ahead) return;
        queue_.remove(*ahead);
        queue_.push(std::max(now_, ahead->due - by), ahead->event);
    }
}

void World::heard(NodeId who, NodeId whom, PathId path) {
    Watcher& watch = watcher(who, whom, path);
    if (watch.told) return;  // it came back before it was missed
    watch.told = true;
    confined_ = false;
    if (watch.lost != 0) await_lost_beats(who, whom, path, now_);
    if (tracer) trace(who, fmt::format("hears {}", nodes_[whom.value].name));
    step_node(who, nodes::input::PeerHeard{whom, path});
    sharer_heard(who, whom);
}

void World::silent(NodeId who, NodeId whom, PathId path) {
    Watcher& watch = watcher(who, whom, path);
    watch.audible = false;
    ++watch.token;
    tell_silent(who, whom, path);
}

void World::tell_silent(NodeId who, NodeId whom, PathId path) {
    Watcher& watch = watcher(who, whom, path);
    if (!watch.told) return;
    watch.told = false;
    if (tracer) trace(who, fmt::format("no longer hears {}", nodes_[whom.value].name));
    step_node(who, nodes::input::PeerSilent{whom, path});
    tell_sharers(who, nodes::shared_disk::input::PeerSilent{hears_others(who, whom)}, whom);
}

}  // namespace sunder::netsim
