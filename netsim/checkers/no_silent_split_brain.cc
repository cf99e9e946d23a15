// SPDX-License-Identifier: BSD-3-Clause
//
// Who may not be copied to, and who has to speak up until when.
#include "netsim/checkers/no_silent_split_brain.h"

#include "netsim/checkers/patience.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

/// A source may begin on an old word, and is refused then; the target knows what it gives up.
void NoSilentSplitBrain::on(View& view, From from, replication::note::LegChanged const& changed) {
    bool const inward = changed.direction == replication::Direction::inward;
    bool const copies = changed.to == LegState::resyncing || changed.to == LegState::mirroring;
    if (!inward || !copies || changed.from != LegState::handshaking) return;
    Chronicle::Group const& group = view.chronicle.group(from.group);
    Slot const self = view.chronicle.slot(from.group, from.node);
    std::string const& source = view.name(group.members[changed.peer.value]);
    Chronicle::Pair const& mine = group.copies[self.value].pairs[changed.peer.value];
    Chronicle::Pair const& theirs = group.copies[changed.peer.value].pairs[self.value];
    // Forced past the owner whose target this copy is: the operator answers for what it holds, and
    // the report is due between those two.
    bool const forced =
        std::ranges::any_of(group.copies[changed.peer.value].pairs, &Chronicle::Pair::forced_past);
    char const* const does = changed.to == LegState::resyncing ? "resynchronises" : "mirrors to";
    if (mine.lonely && forced && !group.copies[self.value].owner) {
        view.findings.allowed(text.name, "operator override");
    } else if (mine.lonely) {
        view.violated(
            text, from.group,
            fmt::format(
                "{} {} {}, which has acknowledged writes since {} that {} never had: they are "
                "lost without split brain being reported",
                source, does, view.name(from.node), to_text(mine.lonely_since), source));
    } else if (theirs.forced_past) {
        view.violated(
            text, from.group,
            fmt::format("{} was forced online past {}, the last owner, and now {} it without an "
                        "operator's word on who is right",
                        source, view.name(from.node), does));
    }
}

/// Nobody could report what a node does that serves in silence.
void NoSilentSplitBrain::on(View& view, seen::HostAnswered const& answered) {
    Request const* request = view.ledger.answered();
    bool const acknowledged =
        request != nullptr && request->changes() && request->state == Request::State::acknowledged;
    if (!acknowledged || view.chronicle.copy(answered.group, answered.node).serving) return;
    view.violated(text, answered.group,
                  fmt::format("{} answered {}, but has not said that it is in service",
                              view.name(answered.node), describe(view.world, *request)));
}

/// True when a and b have to report each other once they have met.
bool NoSilentSplitBrain::parted(Chronicle::Group const& group, std::size_t a, std::size_t b) {
    Chronicle::Pair const& there = group.copies[a].pairs[b];
    Chronicle::Pair const& back = group.copies[b].pairs[a];
    bool const both = there.lonely && back.lonely;
    bool const a_serves_without_b = group.copies[a].serving && (back.lonely || there.forced_past);
    bool const b_serves_without_a = group.copies[b].serving && (there.lonely || back.forced_past);
    // Of two that serve, the one that nobody wrote steps down; then there is nothing to report.
    bool const forced = there.forced_past || back.forced_past;
    bool const idle_steps_down =
        group.copies[a].serving && group.copies[b].serving && !both && !forced;
    return (both || a_serves_without_b || b_serves_without_a) && !idle_steps_down;
}

/// Who is in contact from now on has a detection time, a reconnect and some patience.
void NoSilentSplitBrain::met(View& view) {
    Detection const& detection = view.world.cluster().detection;
    deadline_ = std::max(view.now(), late_until(view)) +
                detection.interval * (detection.missed + 1) + detection.reconnect * 3 +
                detection.boot_wait + seconds(5);
}

void NoSilentSplitBrain::on(View& view, NodeId, nodes::note::CameInService const&) { met(view); }
void NoSilentSplitBrain::on(View& view, seen::NodeDied const&) { met(view); }
void NoSilentSplitBrain::on(View& view, seen::NodeStarted const&) { met(view); }
void NoSilentSplitBrain::on(View& view, seen::NodePaused const&) { met(view); }
void NoSilentSplitBrain::on(View& view, seen::NodeResumed const&) { met(view); }
void NoSilentSplitBrain::on(View& view, seen::LinkCut const&) { met(view); }
void NoSilentSplitBrain::on(View& view, seen::LinkHealed const&) { met(view); }
void NoSilentSplitBrain::on(View& view, seen::MemoryPressed const&) { met(view); }
void NoSilentSplitBrain::on(View& view, seen::DiskFaulted const&) { met(view); }
void NoSilentSplitBrain::on(View& view, seen::ClockStepped const&) { met(view); }

void NoSilentSplitBrain::passed(View& view) {
    if (!deadline_ || view.now() < *deadline_) return;
    deadline_.reset();
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        Chronicle::Group const& group = view.chronicle.group(GroupId{g});
        // Who has no room for a word that comes in cannot answer it.
        bool const silenced = view.world.any_memory_full(GroupId{g});
        auto const hangs = [&](NodeId node) {
            return view.world.copy(node, GroupId{g})->disk->faults.hangs;
        };
        for (std::size_t a = 0; a < group.members.size(); ++a) {
            for (std::size_t b = 0; b < group.members.size(); ++b) {
                NodeId const one = group.members[a];
                NodeId const two = group.members[b];
                if (a == b || !view.in_contact(one, two) || !parted(group, a, b)) continue;
                if (group.copies[a].pairs[b].split_noted) continue;
                if (silenced) {
                    view.findings.allowed(text.name, "memory is full");
                    continue;
                }
                // Who steps down, or hears of the other, stores it before it says so.
                if (hangs(one) || hangs(two)) {
                    view.findings.allowed(text.name, "a disk hangs");
                    continue;
                }
                view.violated(
                    text, GroupId{g},
                    fmt::format(
                        "{} and {} went their own ways with {} and have met again, but {} does "
                        "not report split brain",
                        view.name(one), view.name(two), view.mirror(GroupId{g}).name,
                        view.name(one)));
            }
        }
    }
}

}  // namespace sunder::netsim
