// SPDX-License-Identifier: BSD-3-Clause
//
// The source's side of a resync: runs of chunks are read and sent in the channel that writes use,
// until none is left; then the finish.
#include "base/mutant.h"
#include "base/verify.h"
#include "replication/mirror_machine.h"

#include <algorithm>

namespace sunder::replication {

void MirrorMachine::resync_ready(Slot peer, ResyncReady const& ready, Outbox& out) {
    auto const* preparing = std::get_if<leg::Preparing>(&legs_[peer.value]);
    if (preparing == nullptr || !preparing->begun || preparing->resync != ready.resync) {
        close_leg(peer, out);
        return;
    }
    if ((unrecorded_ & bit_of(peer)) != 0) {
        // It has stored that it is inconsistent, so it cannot promote. Others that are away may.
        knows_outdated_ |= bit_of(peer);
        record_if_none_may_promote(out);
        acknowledge_all(out);
        preparing = std::get_if<leg::Preparing>(&legs_[peer.value]);
        VERIFY(preparing != nullptr);
    }
    leg::Resyncing resyncing;
    resyncing.channel.connection = preparing->connection;
    resyncing.channel.era = preparing->era;
    resyncing.resync = ready.resync;
    if (mutant(Mutant::everything_is_copied)) log_.mark_all(peer);
    resyncing.need = log_.bits(peer);
    resyncing.pace = Pace(config_->resync_rate);
    out.note(note::ResyncStarted{peer, ready.resync, resyncing.need.count()});
    set_leg(peer, std::move(resyncing), out);
    pump_resync(peer, out);
    pump_flights(out);
}

/// True while a host's write to the chunk has not reached the own disk.
bool MirrorMachine::busy(std::uint64_t chunk) const {
    if (mutant(Mutant::resync_without_lock)) return false;
    Extent const range = log_.sectors_of({chunk, chunk});
    return std::ranges::any_of(flights_, [&](Flight const& flight) {
        return flight.changes() && flight.stage == Flight::Stage::issued &&
               flight.range.overlaps(range);
    });
}

/// True while a run that touches the range is read but has no place in the channel yet (G1), or is
/// to be read as soon as what hosts have under way there has reached the own disk (R45).
bool MirrorMachine::locked_by_run(Extent range) const {
    if (mutant(Mutant::resync_without_lock)) return false;
    Chunks const chunks = log_.chunks_of(range);
    bool locked = false;
    for_each_peer([&](Slot peer) {
        auto const* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value]);
        if (resyncing == nullptr) return;
        std::optional<std::uint64_t> const& reserved = resyncing->reserved;
        locked = locked || (reserved && chunks.first <= *reserved && *reserved <= chunks.last);
        locked = locked || std::ranges::any_of(resyncing->runs, [&](Run const& run) {
                     return run.sequence == 0 && run.range.overlaps(range);
                 });
    });
    return locked;
}

void MirrorMachine::pump_resync(Slot peer, Outbox& out) {
    auto* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value]);
    if (resyncing == nullptr || resyncing->finishing || resyncing->stuck) return;
    while (resyncing->in_flight < config_->window_sectors && start_run(peer, *resyncing, out)) {
    }
    finish_if_done(peer, *resyncing);
    arm_pacing(*resyncing, out);
}

/// R47: intervals are counted only while something of a limited resync is still to be sent.
void MirrorMachine::arm_pacing(leg::Resyncing const& resyncing, Outbox& out) {
    if (pace_armed_ || !config_->resync_rate.limited() || !resyncing.need.any()) return;
    pace_armed_ = true;
    out.put(output::ArmTimer{Timer::resync_pace, Pace::interval});
}

void MirrorMachine::pace_timer(Outbox& out) {
    pace_armed_ = false;
    bool awaited = false;
    for_each_peer([&](Slot peer) {
        auto* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value]);
        if (resyncing == nullptr || resyncing->stuck || !resyncing->need.any()) return;
        awaited = true;
        resyncing->pace.next_interval(config_->resync_rate, hosts_change());
        pump_resync(peer, out);
    });
    if (!awaited) out.note(note::Ignored{"no resync has anything to send"});
}

/// True while a host's change waits, or is on its way to the own disk: a resync yields to it (R47).
bool MirrorMachine::hosts_change() const {
    return std::ranges::any_of(flights_, [](Flight const& flight) {
        return flight.changes() && flight.stage <= Flight::Stage::issued;
    });
}

/// The chunk with which the next run begins: one that is needed and not busy. When all that are
/// needed are busy, one of them is reserved: hosts that always have the next write under way before
/// the last one is done could keep it busy for ever (R45, LIV-1).
std::optional<std::uint64_t> MirrorMachine::next_to_run(leg::Resyncing& resyncing) {
    // Hosts wait for it, so it goes at once, and what comes later pays for it.
    if (resyncing.reserved && !busy(*resyncing.reserved)) return resyncing.reserved;
    if (!resyncing.pace.may_send()) return std::nullopt;
    auto const idle_from = [&](std::uint64_t from) {
        std::optional<std::uint64_t> chunk = resyncing.need.next(from);
        while (chunk && busy(*chunk)) chunk = resyncing.need.next(*chunk + 1);
        return chunk;
    };
    std::optional<std::uint64_t> first = idle_from(resyncing.cursor);
    if (mutant(Mutant::cursor_never_returns)) return first;
    // G4: the cursor is only where the search begins; it ends when nothing is needed.
    if (!first && !mutant(Mutant::finish_with_bits_left)) first = idle_from(0);
    if (!first && !resyncing.reserved && !mutant(Mutant::busy_chunk_never_reserved)) {
        resyncing.reserved = resyncing.need.next(0);
    }
    return first;
}

/// Reads the next run of chunks that are needed and not busy. False when there is none.
bool MirrorMachine::start_run(Slot peer, leg::Resyncing& resyncing, Outbox& out) {
    std::optional<std::uint64_t> const first = next_to_run(resyncing);
    if (!first) return false;
    std::uint64_t const most =
        std::max<std::uint64_t>(1, config_->run_sectors / config_->chunk_sectors);
    std::uint64_t last = *first;
    while (last - *first + 1 < most && last + 1 < log_.chunks() && resyncing.need.test(last + 1) &&
           !busy(last + 1)) {
        ++last;
    }
    for (std::uint64_t chunk = *first; chunk <= last; ++chunk) resyncing.need.reset(chunk);
    resyncing.cursor = last + 1;
    // From here on the run itself keeps hosts out, until it has its place in the channel.
    if (resyncing.reserved && !resyncing.need.test(*resyncing.reserved)) resyncing.reserved.reset();
    Run const run{log_.sectors_of({*first, last}), new_op(DiskUse::run), 0};
    touch(peer, {*first, last});
    resyncing.in_flight += run.range.count;
    resyncing.pace.spend(run.range.count);
    resyncing.runs.add(run);
    out.put(output::DiskRead{run.read, run.range});
    return true;
}

void MirrorMachine::run_read(input::DiskDone const& in, Outbox& out) {
    for_each_peer([&](Slot peer) {
        auto* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value]);
        if (resyncing == nullptr) return;
        std::size_t const index =
            resyncing->runs.find([&](Run const& r) { return r.read == in.op; });
        if (index == resyncing->runs.size()) return;
        Extent const range = resyncing->runs[index].range;
        Chunks const chunks = log_.chunks_of(range);
        if (!in.ok && !mutant(Mutant::unread_sent_as_zeroes)) {
            // The chunks are needed as before; the settle timer tries again (G21).
            out.note(note::DiskFailed{note::DiskFailed::What::read});
            bool const left = mutant(Mutant::unread_left_behind);
            for (std::uint64_t c = chunks.first; c <= chunks.last && !left; ++c) {
                resyncing->need.set(c);
            }
            resyncing->in_flight -= range.count;
            resyncing->runs.take(index);
            resyncing->stuck = true;
            resyncing->reserved.reset();  // hosts do not wait for a disk that cannot be read
        } else {
            std::uint64_t const sequence = ++sequence_;
            resyncing->runs.edit(index, [&](Run& run) { run.sequence = sequence; });
            touch(peer, chunks);
            Payload const read = in.ok ? in.payload : Payload::zero(range.count);
            out.put(output::Send{peer, resyncing->channel.connection,
                                 record_of(sequence, RecordKind::resync, range, read)});
        }
        arm_settling(out);
        pump_resync(peer, out);
        pump_flights(out);
    });
}

void MirrorMachine::finish_if_done(Slot peer, leg::Resyncing& resyncing) {
    bool const reading =
        std::ranges::any_of(resyncing.runs, [](Run const& run) { return run.sequence == 0; });
    bool const left = resyncing.need.any() && !mutant(Mutant::finish_with_bits_left);
    if (left || reading || mutant(Mutant::resync_never_finishes)) return;
    resyncing.finishing = true;
    // What hosts wait for is there as well: from here on it is not left behind with the others.
    bool const awaited = (unrecorded_ & bit_of(peer)) != 0;
    unrecorded_ &= static_cast<PeerMask>(~bit_of(peer));
    resyncing.version = cells_.edit([&](Cell& cell) {
        PeerRecord& record = cell.peers[peer.value];
        if (awaited && !record.base) record.base = cell.current;
        record.may_be_current = true;
        record.met = true;
    });
}

/// From the finish on the target may take itself for up to date; that is stable here before it can.
void MirrorMachine::send_finishes(Outbox& out) {
    for_each_peer([&](Slot peer) {
        auto* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value]);
        if (resyncing == nullptr || !resyncing->finishing || resyncing->finish_sent) return;
        if (!cells_.is_stable(resyncing->version)) return;
        resyncing->finish_sent = true;
        knows_outdated_ &= static_cast<PeerMask>(~bit_of(peer));
        auto finish = std::make_shared<Finish>();
        finish->resync = resyncing->resync;
        Cell const& stable = *cells_.stable();
        finish->current = stable.current;
        finish->history = stable.history;
        finish->after = sequence_;
        finish->absent = absences(stable, peer);
        resyncing->channel.told = stable.current;
        out.put(output::Send{peer, resyncing->channel.connection,
                             std::shared_ptr<Finish const>(std::move(finish))});
    });
}

void MirrorMachine::finish_replied(Slot peer, FinishReply const& reply, Outbox& out) {
    auto* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value]);
    if (resyncing == nullptr || !resyncing->finish_sent || resyncing->resync != reply.resync) {
        out.note(note::Ignored{"a finish that was not asked for"});
        return;
    }
    leg::Mirroring mirroring{std::move(resyncing->channel)};
    if (knows_all(mirroring.channel)) {
        cells_.edit([&](Cell& cell) {
            cell.peers[peer.value].base = Generation{};
            cell.peers[peer.value].may_be_current = false;
        });
    }
    out.note(note::ResyncFinished{peer, reply.resync});
    set_leg(peer, std::move(mirroring), out);
    tell_generations(out);
    introduce(peer, out);
    peer_has_caught_up(peer, out);
    start_settling(peer, out);
}

}  // namespace sunder::replication
