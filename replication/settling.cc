// SPDX-License-Identifier: BSD-3-Clause
//
// Clearing intent bits, lazily and safely (R21, D2): only chunks whose every change lies before a
// barrier that both disks have confirmed as stable.
#include "base/mutant.h"
#include "replication/mirror_machine.h"

namespace sunder::replication {

namespace {

/// What is named only for writes that are held back is settled when they go on, which arms anew; a
/// guarded source may hold them for ever.
template <class Flights>
bool dirty_beside_held(IntentLog const& log, Flights const& flights, Slot peer) {
    Bitmap held(log.chunks());
    for (Flight const& flight : flights) {
        if (!flight.changes() || flight.stage != Flight::Stage::waiting) continue;
        Chunks const chunks = log.chunks_of(flight.range);
        for (std::uint64_t chunk = chunks.first; chunk <= chunks.last; ++chunk) held.set(chunk);
    }
    Bitmap dirty = log.bits(peer);
    dirty -= held;
    return dirty.any();
}

}  // namespace

void MirrorMachine::arm_settling(Outbox& out) {
    if (settle_armed_) return;
    bool sending = false;
    for_each_peer(
        [&](Slot peer) { sending = sending || channel_of(legs_[peer.value]) != nullptr; });
    if (!sending) return;
    settle_armed_ = true;
    out.put(output::ArmTimer{Timer::settle, config_->settle_interval});
}

void MirrorMachine::settle_timer(Outbox& out) {
    settle_armed_ = false;
    for_each_peer([&](Slot peer) {
        if (channel_of(legs_[peer.value]) == nullptr) return;
        start_settling(peer, out);
        if (auto* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value])) {
            resyncing->stuck = false;
            pump_resync(peer, out);
        }
    });
}

/// The chunks of a change: whatever barrier is out does not cover them.
void MirrorMachine::touch(Slot peer, Chunks chunks) {
    Channel* channel = channel_of(legs_[peer.value]);
    if (channel == nullptr || !channel->settling.running) return;
    for (std::uint64_t chunk = chunks.first; chunk <= chunks.last; ++chunk) {
        channel->settling.recent.set(chunk);
    }
}

void MirrorMachine::start_settling(Slot peer, Outbox& out) {
    Channel* channel = channel_of(legs_[peer.value]);
    if (channel == nullptr || channel->settling.running || channel->keeps_bits) return;
    Settling& settling = channel->settling;
    settling.candidates = log_.bits(peer);
    auto const* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value]);
    if (resyncing != nullptr) settling.candidates -= resyncing->need;
    if (!settling.candidates.any()) return;

    settling.running = true;
    settling.peer_stable = false;
    settling.own_stable = false;
    settling.recent = Bitmap(log_.chunks());
    for (Flight const& flight : flights_) {
        // The flush below covers only what the own disk has confirmed.
        if (flight.changes() && flight.stage <= Flight::Stage::issued) {
            touch(peer, log_.chunks_of(flight.range));
        }
    }
    if (resyncing != nullptr) {
        for (Run const& run : resyncing->runs) {
            if (run.sequence == 0) touch(peer, log_.chunks_of(run.range));
        }
    }
    settling.barrier = ++sequence_;
    settling.flush = new_op(DiskUse::settle);
    out.put(
        output::Send{peer, channel->connection, record_of(settling.barrier, RecordKind::settle)});
    out.put(output::DiskFlush{settling.flush});
}

void MirrorMachine::settle_flushed(input::DiskDone const& in, Outbox& out) {
    for_each_peer([&](Slot peer) {
        Channel* channel = channel_of(legs_[peer.value]);
        if (channel == nullptr || !channel->settling.running || channel->settling.flush != in.op)
            return;
        if (!in.ok) {
            own_flush_failed(out);
        }
        channel->settling.own_stable = true;
        finish_settling(peer, out);
    });
}

void MirrorMachine::finish_settling(Slot peer, Outbox& out) {
    Channel* channel = channel_of(legs_[peer.value]);
    Settling& settling = channel->settling;
    if (!settling.own_stable || !settling.peer_stable) return;
    settling.running = false;
    Bitmap clean = std::move(settling.candidates);
    clean -= settling.recent;
    auto const* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value]);
    if (resyncing != nullptr) clean -= resyncing->need;
    settling.candidates = Bitmap();
    settling.recent = Bitmap();
    bool const kept = flush_failed_ || channel->keeps_bits || mutant(Mutant::bits_never_cleared);
    if (!kept) {
        log_.clear(peer, clean);
        acknowledge_peers(peer, clean, out);
        out.note(note::Settled{peer, clean.count()});
        if (dirty_beside_held(log_, flights_, peer)) arm_settling(out);
    }
    // A source that leaves may have waited for it.
    if (has_thirds()) advance_passage(out);
}

}  // namespace sunder::replication
