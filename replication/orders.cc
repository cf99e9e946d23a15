// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator changes by hand: the intent log and its header (R13, R19). An order is obeyed
// when what it changed is stable.
#include "base/verify.h"
#include "replication/mirror_machine.h"

namespace sunder::replication {

void MirrorMachine::order_given(std::optional<Slot> waits_for_bits) {
    // The cell is stored in any case, so that there is a version to wait for.
    order_failed_ = false;
    order_ = Order{cells_.edit([](Cell&) {}), waits_for_bits};
}

/// Tells the membership machine, by its count, that the last order is stable.
void MirrorMachine::obey() {
    if (!order_ || !cells_.is_stable(order_->version)) return;
    if (order_->bits && !log_.all_stable(*order_->bits)) return;
    order_.reset();
    ++obeyed_;
}

/// What it stood on has gone since it was granted.
void MirrorMachine::order_cannot_be_obeyed(Outbox& out) {
    out.note(note::Ignored{"what an operator ordered has become impossible"});
    order_failed_ = true;
    ++obeyed_;
}

/// A leg that stands begins again: bits are copied at its start only.
void MirrorMachine::set_all_bits(Slot peer, Outbox& out) {
    log_.mark_all(peer);
    out.note(note::IntentLogEdited{note::IntentLogEdited::How::all_set, peer});
    order_given(peer);
    Leg const& leg = legs_[peer.value];
    if (std::holds_alternative<leg::Handshaking>(leg)) {
        greet_all(out);
    } else if (state_of(leg) != LegState::paused) {
        close_leg(peer, out);
    }
}

/// From here on the peer counts as one that has everything up to the present generation, and misses
/// what is written from now on: the next write belongs to a generation of its own (R88).
void MirrorMachine::clear_all_bits(Slot peer, Outbox& out) {
    VERIFY(!open_);
    log_.clear_all(peer);
    // What has been received and is not on the disk yet the peer may lack all the same (R36).
    auto const name_again = [&](Slot from, Extent range) {
        if (from != peer && range.count != 0) log_.mark(peer, log_.chunks_of(range));
    };
    for (Incoming const& item : queue_) {
        auto const* record = std::get_if<Record>(&item.what);
        if (record != nullptr) name_again(item.from, record->range);
    }
    for (Applying const& applying : applying_) name_again(applying.from, applying.range);
    cells_.edit([&](Cell& cell) {
        PeerRecord& record = cell.peers[peer.value];
        record.base = cell.current;
        record.may_be_current = true;
        record.resync = 0;
    });
    out.note(note::IntentLogEdited{note::IntentLogEdited::How::all_cleared, peer});
    order_given(std::nullopt);
    greet_all(out);
}

void MirrorMachine::enable_asynchronous(std::uint32_t limit, Outbox& out) {
    VERIFY(limit > 0);
    cells_.edit([&](Cell& cell) { cell.asynchronous_limit = limit; });
    out.note(note::AsynchronousEnabled{limit});
    order_given(std::nullopt);
    pump_flights(out);
}

}  // namespace sunder::replication
