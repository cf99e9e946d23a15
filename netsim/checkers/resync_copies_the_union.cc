// SPDX-License-Identifier: BSD-3-Clause
//
// The two logs before they meet, what is copied, and what arrives.
#include "netsim/checkers/resync_copies_the_union.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

using replication::Bitmap;
using replication::Chunks;
using replication::Direction;
using replication::IntentLog;
using replication::max_copies;

void mark(Bitmap& bitmap, Chunks chunks) {
    for (std::uint64_t chunk = chunks.first; chunk <= chunks.last; ++chunk) bitmap.set(chunk);
}

/// The first member of `a` that `b` lacks.
std::optional<std::uint64_t> first_missing(Bitmap const& a, Bitmap const& b) {
    Bitmap rest = a;
    rest -= b;
    return rest.next(0);
}

}  // namespace

ResyncCopiesTheUnion::Side& ResyncCopiesTheUnion::side(View const& view, GroupId group, Slot of,
                                                       Slot towards) {
    if (sides_.empty()) sides_.resize(view.chronicle.groups() * max_copies * max_copies);
    return sides_[(group.value * max_copies + of.value) * max_copies + towards.value];
}

void ResyncCopiesTheUnion::wrong(View& view, From from, Slot peer, std::string const& what) {
    view.violated(
        text, from.group,
        fmt::format("The partial resync of {} from {} to {} {}", view.mirror(from.group).name,
                    view.name(from.node), view.name(view.mirror(from.group).on[peer.value]), what));
}

void ResyncCopiesTheUnion::on(View& view, From from, replication::note::LegChanged const& changed) {
    if (!view.mirror(from.group).intent_log_chunk) return;
    Slot const self = view.chronicle.slot(from.group, from.node);
    Side& mine = side(view, from.group, self, changed.peer);
    if (changed.to == LegState::handshaking && changed.from == LegState::disconnected) {
        replication::MirrorMachine const* machine = view.machine(from.node, from.group);
        if (machine == nullptr) return;
        active_ += mine.connected ? 0 : 1;
        IntentLog const& log = machine->log();
        mine = Side{};
        mine.connected = true;
        mine.since = view.now();
        mine.named = log.bits(changed.peer);
        mine.formerly = mine.asked = Bitmap(log.chunks());
        mine.acknowledged = Bitmap(log.chunks());
        view.ledger.for_each_open(from.group, [&](Request const& request) {
            if (request.node == from.node && request.changes()) {
                mark(mine.asked, log.chunks_of(request.range));
            }
        });
    } else if (changed.to == LegState::disconnected || changed.to == LegState::mirroring) {
        active_ -= mine.connected ? 1 : 0;
        mine = Side{};
        // What the target still applies of a resync that it has lost is not looked at.
        side(view, from.group, changed.peer, self).running = false;
        if (changed.direction == Direction::inward) note_again(view, from);
    }
}

/// While a copy followed a third one, its log named what that one sent.
void ResyncCopiesTheUnion::note_again(View& view, From from) {
    Slot const self = view.chronicle.slot(from.group, from.node);
    replication::MirrorMachine const* machine = view.machine(from.node, from.group);
    if (machine == nullptr) return;
    for (std::uint8_t p = 0; p < view.mirror(from.group).on.size(); ++p) {
        Side& mine = side(view, from.group, self, Slot{p});
        if (!mine.connected) continue;
        mine.since = view.now();
        mine.named = machine->log().bits(Slot{p});
        mine.formerly = mine.asked = mine.acknowledged = Bitmap(machine->log().chunks());
    }
}

/// R19: what an operator sets is named from then on. What he clears is not; but what the two have
/// told each other before, and so may copy, he cannot take back.
void ResyncCopiesTheUnion::on(View& view, From from,
                              replication::note::IntentLogEdited const& edited) {
    if (!view.mirror(from.group).intent_log_chunk) return;
    Slot const self = view.chronicle.slot(from.group, from.node);
    Side& mine = side(view, from.group, self, edited.peer);
    replication::MirrorMachine const* machine = view.machine(from.node, from.group);
    if (!mine.connected || machine == nullptr) return;
    mine.formerly |= mine.named;
    mine.formerly |= mine.acknowledged;
    mine.named = machine->log().bits(edited.peer);
    Bitmap cleared = mine.acknowledged;
    cleared -= mine.named;
    mine.acknowledged -= cleared;
}

void ResyncCopiesTheUnion::on(View& view, seen::NodeDied const& died) {
    for (CopySim const& copy : view.world.node(died.node).copies) {
        GroupId const group{copy.group};
        for (std::uint8_t p = 0; p < view.mirror(group).on.size(); ++p) {
            Side& mine = side(view, group, copy.slot, Slot{p});
            active_ -= mine.connected ? 1 : 0;
            mine = Side{};
            side(view, group, Slot{p}, copy.slot).running = false;
        }
    }
}

void ResyncCopiesTheUnion::on(View& view, seen::HostAsked const& asked) {
    bool const changes =
        asked.op != replication::HostOp::read && asked.op != replication::HostOp::flush;
    if (active_ == 0 || !changes) return;
    Slot const self = view.chronicle.slot(asked.group, asked.node);
    replication::MirrorMachine const* machine = view.machine(asked.node, asked.group);
    if (machine == nullptr) return;
    for (std::uint8_t p = 0; p < view.mirror(asked.group).on.size(); ++p) {
        Side& mine = side(view, asked.group, self, Slot{p});
        if (mine.connected) mark(mine.asked, machine->log().chunks_of(asked.range));
    }
}

void ResyncCopiesTheUnion::on(View& view, seen::HostAnswered const& answered) {
    Request const* request = view.ledger.answered();
    bool const changed =
        request != nullptr && request->changes() && request->state == Request::State::acknowledged;
    replication::MirrorMachine const* machine = view.machine(answered.node, answered.group);
    if (active_ == 0 || !changed || machine == nullptr) return;
    Slot const self = view.chronicle.slot(answered.group, answered.node);
    for (std::uint8_t p = 0; p < view.mirror(answered.group).on.size(); ++p) {
        Side& mine = side(view, answered.group, self, Slot{p});
        // What was asked before the leg connected may have been copied and cleared on an earlier
        // one.
        bool const fresh = mine.connected && request->asked >= mine.since;
        if (fresh) mark(mine.acknowledged, machine->log().chunks_of(request->range));
    }
}

void ResyncCopiesTheUnion::on(View& view, From from,
                              replication::note::ResyncDecided const& decided) {
    Slot const self = view.chronicle.slot(from.group, from.node);
    side(view, from.group, self, decided.peer).partial =
        decided.decision.verdict == replication::Verdict::partial;
}

void ResyncCopiesTheUnion::on(View& view, From from,
                              replication::note::ResyncStarted const& started) {
    Slot const self = view.chronicle.slot(from.group, from.node);
    Side& mine = side(view, from.group, self, started.peer);
    Side const& theirs = side(view, from.group, started.peer, self);
    auto const* resyncing = std::get_if<replication::leg::Resyncing>(
        &view.machine(from.node, from.group)->leg(started.peer));
    if (!mine.connected || !theirs.connected || !mine.partial || resyncing == nullptr) return;
    IntentLog const& log = view.machine(from.node, from.group)->log();

    Bitmap copied = resyncing->need;
    for (replication::Run const& run : resyncing->runs) mark(copied, log.chunks_of(run.range));
    Bitmap must = mine.named;
    must |= theirs.named;
    must |= mine.acknowledged;
    must |= theirs.acknowledged;
    Bitmap may = must;
    for (Side const* const one : {static_cast<Side const*>(&mine), &theirs}) {
        may |= one->asked;
        may |= one->formerly;
    }
    auto const by = [&](std::uint64_t chunk) {
        return mine.named.test(chunk) ? view.name(from.node) + "'s log named it"
               : theirs.named.test(chunk)
                   ? view.name(view.mirror(from.group).on[started.peer.value]) + "'s log named it"
                   : std::string("it was written since they connected");
    };
    if (auto const left = first_missing(must, copied)) {
        wrong(view, from, started.peer,
              fmt::format("leaves out chunk {}, although {} ({} chunks are named, {} are copied)",
                          *left, by(*left), must.count(), copied.count()));
    } else if (auto const extra = first_missing(copied, may)) {
        wrong(view, from, started.peer,
              fmt::format(
                  "copies chunk {}, which neither log names ({} chunks are named, {} are copied)",
                  *extra, must.count(), copied.count()));
    } else if (copied.count() != started.chunks) {
        wrong(view, from, started.peer,
              fmt::format("says that it copies {} chunks, but copies {}", started.chunks,
                          copied.count()));
    }
    mine.running = true;
    mine.wanted = std::move(copied);
    mine.covered = Bitmap(log.chunks());
}

void ResyncCopiesTheUnion::on(View& view, seen::DiskWritten const& written) {
    if (active_ == 0) return;
    Slot const self = view.chronicle.slot(written.group, written.node);
    auto const& on = view.mirror(written.group).on;
    for (std::uint8_t p = 0; p < on.size(); ++p) {
        Side& source = side(view, written.group, Slot{p}, self);
        // The source may be gone by now, but the target knows the same chunks.
        replication::MirrorMachine const* machine = view.machine(written.node, written.group);
        if (!source.running || machine == nullptr) continue;
        IntentLog const& log = machine->log();
        Chunks const chunks = log.chunks_of(written.range);
        for (std::uint64_t chunk = chunks.first; chunk <= chunks.last; ++chunk) {
            if (written.range.contains(log.sectors_of({chunk, chunk}))) source.covered.set(chunk);
            if (source.wanted.test(chunk) || source.asked.test(chunk)) continue;
            wrong(view, {on[p], written.group}, self,
                  fmt::format("wrote chunk {}, which neither log names and no host wrote", chunk));
        }
    }
}

void ResyncCopiesTheUnion::on(View& view, From from,
                              replication::note::CopyCompleted const& completed) {
    Slot const self = view.chronicle.slot(from.group, from.node);
    Side& source = side(view, from.group, completed.source, self);
    if (!source.running) return;
    source.running = false;
    if (auto const left = first_missing(source.wanted, source.covered)) {
        From const by{view.mirror(from.group).on[completed.source.value], from.group};
        wrong(view, by, self,
              fmt::format("completed, but chunk {} was never written on the target ({} of {} were)",
                          *left, source.covered.count(), source.wanted.count()));
    }
}

}  // namespace sunder::netsim
