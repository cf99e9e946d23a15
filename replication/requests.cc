// SPDX-License-Identifier: BSD-3-Clause
//
// The life of a write at the source: admit, make its intent stable, write here and down every leg,
// acknowledge. The order of acknowledgement is decided here and nowhere else.
#include "base/mutant.h"
#include "base/verify.h"
#include "replication/mirror_machine.h"

namespace sunder::replication {

namespace {

RecordKind record_kind(HostOp op) {
    switch (op) {
        case HostOp::write:
            return RecordKind::write;
        case HostOp::trim:
            return RecordKind::trim;
        case HostOp::write_zeroes:
            return RecordKind::write_zeroes;
        case HostOp::flush:
            return RecordKind::flush;
        case HostOp::read:
            break;
    }
    VERIFY(!"reads are not recorded");
    return RecordKind::flush;
}

}  // namespace

void MirrorMachine::requested(input::HostRequest const& in, Outbox& out) {
    if (!open_ && !open_apart()) {
        out.put(output::HostReply{in.request, HostStatus::not_in_service, {}});
        return;
    }
    Flight flight;
    flight.apart = !open_;
    flight.request = in.request;
    flight.op = in.op;
    flight.fua = in.fua;
    flight.range = in.range;
    flight.payload = in.op == HostOp::write ? in.payload : Payload::zero(in.range.count);
    if (in.op != HostOp::flush) {
        VERIFY(in.range.count > 0);
        VERIFY(in.range.end() <= config_->mirrored_sectors);
    }
    flights_.add(std::move(flight));
    if (!launch(flights_.size() - 1, out)) ++waiting_;
}

/// Starts a waiting flight if nothing stands in its way.
bool MirrorMachine::launch(std::size_t index, Outbox& out) {
    Flight const& flight = flights_[index];
    if (flight.op == HostOp::flush) {
        if (!room_on_legs(out)) return false;
        issue(index, out);
        return true;
    }
    for (std::size_t earlier = 0; earlier < index; ++earlier) {
        // A read waits too, and is waited for: what it returned must not be taken back by a
        // failover (G9).
        bool const order = (flights_[earlier].changes() || flight.changes()) &&
                           (flight.changes() || !mutant(Mutant::read_overtakes_write));
        if (mutant(Mutant::overlaps_in_flight)) continue;
        if (order && flights_[earlier].range.overlaps(flight.range)) return false;
    }
    if (flight.changes() && !may_launch_change(index, out)) return false;
    issue(index, out);
    return true;
}

std::uint32_t MirrorMachine::asynchronous_limit() const {
    return cell().asynchronous_limit != 0 ? cell().asynchronous_limit : config_->asynchronous_limit;
}

/// R12: at the limit an asynchronous leg behaves synchronously; nothing is dropped or reordered.
bool MirrorMachine::room_on_legs(Outbox& out) {
    bool room = true;
    for_each_peer([&](Slot peer) {
        Channel* channel = channel_of(legs_[peer.value]);
        if (channel == nullptr || config_->synchronous[peer.value]) return;
        if (channel->outstanding < asynchronous_limit()) return;
        if (!channel->limit_reached) out.note(note::LimitReached{peer});
        channel->limit_reached = true;
        room = false;
    });
    return room;
}

bool MirrorMachine::may_launch_change(std::size_t index, Outbox& out) {
    Flight const& flight = flights_[index];
    if (locked_by_run(flight.range) || !room_on_legs(out)) return false;
    if (flight.op == HostOp::trim && mutant(Mutant::trim_leaves_no_bit)) return true;
    Chunks chunks = log_.chunks_of(flight.range);
    if (mutant(Mutant::boundary_ignored)) chunks.last = chunks.first;
    if (flight.apart && mutant(Mutant::written_apart_unnamed)) return true;
    bool stable = !flight.apart || may_write_apart(out);
    if (cell().pristine) cells_.edit([](Cell& cell) { cell.pristine = false; });
    stable = stable && !cells_.stable()->pristine;
    for_each_peer([&](Slot peer) {
        bool const fresh = flight.apart && !log_.bits(peer).all(chunks.first, chunks.last);
        writes_apart_ += fresh ? 1 : 0;
        log_.mark(peer, chunks);
        touch(peer, chunks);
        stable = stable && log_.is_stable(peer, chunks);
    });
    return stable || mutant(Mutant::bit_set_late);
}

void MirrorMachine::issue(std::size_t index, Outbox& out) {
    PeerMask sent = 0;
    PeerMask waits = 0;
    std::uint64_t const sequence = flights_[index].op == HostOp::read ? 0 : ++sequence_;
    DiskOpId const op = new_op(DiskUse::flight);
    Flight const& flight = flights_[index];
    if (flight.op != HostOp::read) {
        for_each_peer([&](Slot peer) {
            Channel* channel = channel_of(legs_[peer.value]);
            if (channel == nullptr) return;
            if (mutant(Mutant::pulled_ahead_unsaid) && channel->outstanding != 0) {
                sent |= bit_of(peer);
                return;
            }
            out.put(output::Send{peer, channel->connection,
                                 record_of(sequence, record_kind(flight.op), flight.range,
                                           flight.payload, flight.fua)});
            sent |= bit_of(peer);
            if (config_->synchronous[peer.value]) waits |= bit_of(peer);
            ++channel->outstanding;
            auto* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value]);
            if (resyncing != nullptr && config_->resync_rate.min && flight.changes()) {
                resyncing->pace.host_changed();
            }
        });
        // A flush changes nothing that a peer could lack.
        if (sent != peers() && !flight.apart && flight.changes())
            record_absences(static_cast<PeerMask>(peers() & ~sent), out);
    }
    if (mutant(Mutant::acknowledge_before_leg)) waits = 0;
    if (mutant(Mutant::flush_acknowledged_alone) && flight.op == HostOp::flush) waits = 0;
    flights_.edit(index, [&](Flight& f) {
        f.stage = Flight::Stage::issued;
        f.sequence = sequence;
        f.disk = op;
        f.sent = sent;
        f.waits = waits;
    });
    if (flight.op == HostOp::read) {
        out.put(output::DiskRead{op, flight.range});
    } else if (flight.op == HostOp::flush) {
        out.put(output::DiskFlush{op});
    } else {
        out.put(output::DiskWrite{op, flight.range, flight.payload});
        arm_settling(out);
    }
}

Record MirrorMachine::record_of(std::uint64_t sequence, RecordKind kind, Extent range,
                                Payload payload, bool fua) const {
    return {cell().era, config_->nodes[config_->self.value],
            sequence,   config_->group,
            kind,       fua,
            range,      std::move(payload)};
}

void MirrorMachine::flight_disk_done(input::DiskDone const& in, Outbox& out) {
    std::size_t const index = flights_.find([&](Flight const& f) { return f.disk == in.op; });
    VERIFY(index < flights_.size());
    Flight const& flight = flights_[index];
    if (flight.op == HostOp::read) {
        if (!in.ok) out.note(note::DiskFailed{note::DiskFailed::What::read});
        if (!in.ok && read_elsewhere(index, out)) return;
        bool const ok = in.ok || mutant(Mutant::read_error_answered);
        HostStatus const status = ok ? HostStatus::ok : HostStatus::io_error;
        out.put(output::HostReply{flight.request, status, in.ok ? in.payload : Payload{}});
        flights_.take(index);
        pump_flights(out);
        advance_passage(out);
        return;
    }
    bool const was_flush = flight.op == HostOp::flush || flight.stage == Flight::Stage::flushing;
    if (!in.ok && was_flush) {
        own_flush_failed(out);
    }
    if (in.ok && flight.fua && flight.stage == Flight::Stage::issued) {
        DiskOpId const op = new_op(DiskUse::flight);
        flights_.edit(index, [&](Flight& f) {
            f.stage = Flight::Stage::flushing;
            f.disk = op;
        });
        out.put(output::DiskFlush{op});
        return;
    }
    flights_.edit(index, [&](Flight& f) {
        // G11: after one failed flush nothing is durable until this node has started again.
        f.failed = !in.ok || (was_flush && flush_failed_);
        if (!was_flush && mutant(Mutant::failed_write_acknowledged)) f.failed = false;
        f.stage = Flight::Stage::done;
    });
    bool const wrote = flight.changes();
    if (!in.ok && !was_flush) own_write_failed(out);  // takes flights out, this one perhaps
    if (in.ok || was_flush) acknowledge(index, out);
    pump_flights(out);
    // A run may have waited for this write to reach the disk.
    if (wrote) for_each_peer([&](Slot peer) { pump_resync(peer, out); });
    advance_passage(out);
}

/// Answers the host if the own disk and every synchronous leg have the request, and the absence of
/// everybody else is on record. True when it did.
bool MirrorMachine::acknowledge(std::size_t index, Outbox& out) {
    Flight const& flight = flights_[index];
    if (flight.stage == Flight::Stage::done &&
        std::holds_alternative<passage::Conceding>(passage_)) {
        // It is going to be overwritten, so it must not be called done; whether it is, is open.
        out.put(output::HostReply{flight.request, HostStatus::io_error, {}});
        flights_.take(index);
        return true;
    }
    if (flight.stage != Flight::Stage::done || flight.waits != 0) return false;
    bool const missed = !flight.apart && flight.changes() && flight.sent != peers();
    if (missed && !absences_recorded(static_cast<PeerMask>(peers() & ~flight.sent))) return false;
    HostStatus const status = flight.failed ? HostStatus::io_error : HostStatus::ok;
    out.put(output::HostReply{flight.request, status, {}});
    flights_.take(index);
    return true;
}

void MirrorMachine::acknowledge_all(Outbox& out) {
    for (std::size_t i = 0; i < flights_.size();) {
        if (!acknowledge(i, out)) ++i;
    }
    advance_passage(out);
}

void MirrorMachine::pump_flights(Outbox& out) {
    if (waiting_ == 0) return;
    bool room = room_on_legs(out);
    for (std::size_t i = 0; i < flights_.size() && waiting_ > 0; ++i) {
        if (flights_[i].stage != Flight::Stage::waiting) continue;
        // Behind a full leg only reads can go on; the others need not be looked at one by one.
        if (!room && flights_[i].op != HostOp::read) continue;
        if (launch(i, out)) {
            --waiting_;
            room = room && room_on_legs(out);
        }
    }
}

/// The peer has all that these requests changed, though they were not sent to it: a resync brought
/// it, and the finish made it stable.
void MirrorMachine::peer_has_caught_up(Slot peer, Outbox& out) {
    for (std::size_t i = 0; i < flights_.size(); ++i) {
        bool const issued =
            flights_[i].op != HostOp::read && flights_[i].stage != Flight::Stage::waiting;
        if (issued && (flights_[i].sent & bit_of(peer)) == 0) {
            flights_.edit(i, [&](Flight& f) { f.sent |= bit_of(peer); });
        }
    }
    acknowledge_all(out);
    pump_flights(out);
}

void MirrorMachine::record_acknowledged(Slot peer, std::uint64_t sequence, Outbox& out) {
    Channel* channel = channel_of(legs_[peer.value]);
    VERIFY(channel != nullptr);
    if (channel->outstanding == 0) {
        // A peer that confirms what it was not sent is not following this leg.
        out.note(note::Ignored{"a confirmation of nothing that is outstanding"});
        close_leg(peer, out);
        return;
    }
    --channel->outstanding;
    if (channel->limit_reached && channel->outstanding < asynchronous_limit()) {
        // It is told to have recovered when half of the queue is gone, not at each confirmation.
        if (channel->outstanding <= asynchronous_limit() / 2) {
            channel->limit_reached = false;
            out.note(note::LimitRecovered{peer});
        }
        pump_flights(out);
    }
    std::size_t const index =
        flights_.find([&](Flight const& f) { return f.sequence == sequence; });
    if (index < flights_.size()) {
        flights_.edit(index, [&](Flight& f) { f.waits &= static_cast<PeerMask>(~bit_of(peer)); });
        if (mutant(Mutant::bit_cleared_on_receipt) && flights_[index].changes()) {
            Bitmap early(log_.chunks());
            early.set(log_.chunks_of(flights_[index].range).first);
            log_.clear(peer, early);
        }
        if (acknowledge(index, out)) pump_flights(out);
    }
    advance_passage(out);
}

}  // namespace sunder::replication
