// SPDX-License-Identifier: BSD-3-Clause
//
// A disk that refuses something. At the source the policy decides (DESIGN 4): the host is told, a
// target lends the block, or the source wants to leave service. Whether it may leave, and for whom,
// the membership machine decides. A target rests, for longer each time.
#include "base/mutant.h"
#include "base/verify.h"
#include "replication/mirror_machine.h"
#include "replication/rest.h"

#include <algorithm>

namespace sunder::replication {

std::string_view name_of(DiskErrors policy) {
    switch (policy) {
        case DiskErrors::fail_requests:
            return "fail requests";
        case DiskErrors::leave_service:
            return "leave service";
        case DiskErrors::read_from_target:
            return "read from target";
    }
    return "";
}

/// The own copy lacks what the targets have.
void MirrorMachine::own_write_failed(Outbox& out) {
    out.note(note::DiskFailed{note::DiskFailed::What::write});
    bool const unbearable = config_->disk_errors != DiskErrors::fail_requests;
    if (unbearable) ++unfit_;
    bool const leaves = unbearable && config_->may_be_moved;
    for_each_peer([&](Slot peer) {
        Leg& leg = legs_[peer.value];
        if (leaves && std::holds_alternative<leg::Mirroring>(leg)) {
            // It may take over with what it has; until then the bits name what is missing here.
            channel_of(leg)->keeps_bits = true;
        } else if (channel_of(leg) != nullptr) {
            // It begins again, and the bits, which nobody clears meanwhile, say where.
            close_leg(peer, out);
        }
    });
    acknowledge_all(out);
}

/// G11: what this flush did not keep may be gone, and a later one says nothing about it. No bit is
/// cleared until the next start.
void MirrorMachine::own_flush_failed(Outbox& out) {
    out.note(note::DiskFailed{note::DiskFailed::What::flush});
    flush_failed_ = !mutant(Mutant::failed_flush_forgotten);
    if (config_->disk_errors != DiskErrors::fail_requests) ++unfit_;
}

/// True when somebody else answers the read.
bool MirrorMachine::read_elsewhere(std::size_t index, Outbox& out) {
    if (config_->disk_errors == DiskErrors::leave_service) ++unfit_;
    if (config_->disk_errors != DiskErrors::read_from_target) return false;
    std::optional<Slot> lender;
    for_each_peer([&](Slot peer) {
        bool const whole = std::holds_alternative<leg::Mirroring>(legs_[peer.value]);
        if (whole && !lender) lender = peer;
    });
    if (!lender) return false;
    std::uint64_t const sequence = ++sequence_;
    flights_.edit(index, [&](Flight& flight) {
        flight.sent = bit_of(*lender);
        flight.sequence = sequence;
        flight.disk = DiskOpId{};
    });
    out.put(output::Send{*lender, *connection_of(legs_[lender->value]),
                         ReadAsk{sequence, flights_[index].range}});
    return true;
}

void MirrorMachine::read_answered(Slot peer, ReadReply const& reply, Outbox& out) {
    std::size_t const index = flights_.find([&](Flight const& flight) {
        return flight.op == HostOp::read && flight.sequence == reply.sequence &&
               flight.sent == bit_of(peer);
    });
    bool const fits = index < flights_.size() &&
                      (!reply.ok || reply.payload.sectors() == flights_[index].range.count);
    if (!fits) {
        reject(peer, "the answer to a read that was not asked", out);
        return;
    }
    if (reply.ok) out.note(note::ReadFromTarget{peer});
    HostStatus const status = reply.ok ? HostStatus::ok : HostStatus::io_error;
    out.put(output::HostReply{flights_.take(index).request, status, reply.payload});
    pump_flights(out);
    advance_passage(out);
}

/// A target that is lost lends nothing.
void MirrorMachine::give_up_reads(Slot peer, Outbox& out) {
    for (std::size_t i = 0; i < flights_.size();) {
        bool const lent = flights_[i].op == HostOp::read && flights_[i].sent == bit_of(peer);
        if (!lent) {
            ++i;
            continue;
        }
        out.put(output::HostReply{flights_.take(i).request, HostStatus::io_error, {}});
    }
}

// ---- the target

/// The same resync would break off at the same place each time that the leg is up again.
void MirrorMachine::rest_if_refused_again(Outbox& out) {
    refusals_ = std::min(refusals_ + 1, most_refusals);
    Duration const rest = rest_after(refusals_, config_->settle_interval);
    if (rest == Duration{}) return;
    resting_ = true;
    greeting_due_ = has_thirds();  // any of them may be the next source
    out.put(output::ArmTimer{Timer::rest, rest});
    out.note(note::CopyRests{rest});
}

void MirrorMachine::rest_is_over(Outbox& out) {
    resting_ = false;
    greet_all(out);
}

void MirrorMachine::read_asked(Slot peer, ConnectionId connection, ReadAsk const& ask,
                               Outbox& out) {
    auto const* following = std::get_if<leg::Following>(&legs_[peer.value]);
    bool const whole = following != nullptr && following->phase == leg::Following::Phase::mirroring;
    std::uint64_t const sectors = config_->mirrored_sectors;
    bool const inside = ask.range.count != 0 && ask.range.first < sectors &&
                        ask.range.count <= sectors - ask.range.first;
    if (!whole || !inside) {
        reject(peer, "a read that this copy cannot answer", out);
        return;
    }
    queue_.add(Incoming{peer, connection, ask});
    pump_applying(out);
}

/// Everything sent before the question has to be on the disk; false while it is not.
bool MirrorMachine::lend(Incoming const& head, ReadAsk const& ask, Outbox& out) {
    bool const before = std::ranges::any_of(
        applying_, [&](Applying const& applying) { return applying.range.overlaps(ask.range); });
    if (before && !mutant(Mutant::lent_too_early)) return false;
    Lending const lending{new_op(DiskUse::lend), head.from, head.connection, ask.sequence,
                          ask.range};
    lending_.add(lending);
    out.put(output::DiskRead{lending.disk, lending.range});
    queue_.take(0);
    return true;
}

void MirrorMachine::lent(input::DiskDone const& in, Outbox& out) {
    std::size_t const index =
        lending_.find([&](Lending const& lending) { return lending.disk == in.op; });
    VERIFY(index < lending_.size());
    Lending const lending = lending_.take(index);
    if (!in.ok) out.note(note::DiskFailed{note::DiskFailed::What::read});
    ConnectionId const* present = connection_of(legs_[lending.to.value]);
    if (present == nullptr || *present != lending.connection) return;
    out.put(output::Send{lending.to, lending.connection,
                         ReadReply{lending.sequence, in.ok, in.ok ? in.payload : Payload{}}});
}

}  // namespace sunder::replication
