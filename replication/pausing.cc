// SPDX-License-Identifier: BSD-3-Clause
//
// Pause and resume (R57..R61). The source sends a last word down the channel and goes on alone; the
// target makes what it has stable and is kept apart from then on: hosts of its node may use the
// copy, and every chunk that they change is named in the copy's own intent log, so that a resume
// copies the union of both sides' logs over it. Resuming is nothing but greeting again.
#include "base/mutant.h"
#include "base/verify.h"
#include "replication/mirror_machine.h"

#include <algorithm>

namespace sunder::replication {

// ---- the source

void MirrorMachine::pause_leg(command::Pause const& order, Outbox& out) {
    Slot const peer = order.peer;
    if (cell().peers[peer.value].paused != order.paused) {
        cells_.edit([&](Cell& cell) { cell.peers[peer.value].paused = order.paused; });
        out.note(note::PauseChanged{peer, order.paused});
    }
    order_given(std::nullopt);
    Leg const& leg = legs_[peer.value];
    if (std::holds_alternative<leg::Handshaking>(leg)) {
        consider(peer, out);
    } else if (channel_of(leg) != nullptr) {
        if (order.paused) begin_pausing(peer, out);
    } else if ((!order.paused && !mutant(Mutant::resume_unheeded)) ||
               std::holds_alternative<leg::Preparing>(leg)) {
        close_leg(peer, out);  // the two greet again, and know better then
    }
}

void MirrorMachine::begin_pausing(Slot peer, Outbox& out) {
    Leg const& leg = legs_[peer.value];
    bool const sent = channel_of(leg) != nullptr;
    ConnectionId const connection = *connection_of(leg);
    if (auto const* resyncing = std::get_if<leg::Resyncing>(&leg)) {
        out.note(note::ResyncInterrupted{peer, resyncing->resync, log_.bits(peer).count(),
                                         resyncing->finish_sent});
    }
    out.put(output::Send{peer, connection, PauseBegin{cell().era}});
    set_leg(peer, leg::Paused{connection, false}, out);
    if (sent) give_up_records(peer, out);
}

void MirrorMachine::pause_confirmed(Slot peer, Outbox& out) {
    auto* paused = std::get_if<leg::Paused>(&legs_[peer.value]);
    if (paused == nullptr || paused->confirmed) {
        out.note(note::Ignored{"a pause that was not asked for"});
        return;
    }
    paused->confirmed = true;
}

// ---- the target

void MirrorMachine::follow_pause(Slot peer, ConnectionId connection, PauseBegin const& begin,
                                 Outbox& out) {
    bool const greets = std::holds_alternative<leg::Handshaking>(legs_[peer.value]);
    if (greets && may_follow(begin.era) && !follows_other(peer)) {
        leg::Following following;
        following.connection = connection;
        following.era = begin.era;
        following.phase = leg::Following::Phase::pausing;
        set_leg(peer, std::move(following), out);
    } else if (auto const* following = std::get_if<leg::Following>(&legs_[peer.value]);
               following == nullptr || begin.era < cell().era ||
               following->phase < leg::Following::Phase::resyncing) {
        close_leg(peer, out);
        return;
    }
    // From here on the source may go on without it (R61).
    if (!mutant(Mutant::pause_forgotten)) watched_in_sync_ = false;
    queue_.add(Incoming{peer, connection, begin});
    pump_applying(out);
}

/// All that came before the pause is stable on the disk.
void MirrorMachine::store_pause(Outbox& out) {
    ConnectionId const* present = connection_of(legs_[barrier_.from.value]);
    if (present == nullptr || *present != barrier_.connection) {
        barrier_ = Barrier{};  // whoever paused it is gone
        settled_here(out);
        pump_applying(out);
        return;
    }
    if (cell().data == DataState::up_to_date) set_data(DataState::consistent, out);
    barrier_.storing = true;
    barrier_.version = cells_.edit([](Cell& cell) {
        cell.apart = std::max(cell.apart, Apart::paused);
        cell.applying = false;
    });
}

void MirrorMachine::paused_here(Barrier const& barrier, Outbox& out) {
    auto const* following = std::get_if<leg::Following>(&legs_[barrier.from.value]);
    if (following == nullptr || following->connection != barrier.connection) return;
    leg::Following paused;
    paused.connection = barrier.connection;
    paused.era = following->era;
    paused.phase = leg::Following::Phase::paused;
    out.put(output::Send{barrier.from, barrier.connection, PauseReply{}});
    set_leg(barrier.from, std::move(paused), out);
}

bool MirrorMachine::open_apart() const {
    bool const apart = cell().apart != Apart::no && cells_.stable()->apart != Apart::no;
    bool const idle = !open_ && std::holds_alternative<passage::None>(passage_);
    if (!apart || !idle || cell().data == DataState::inconsistent) return false;
    return std::ranges::none_of(legs_, [](Leg const& leg) {
        auto const* following = std::get_if<leg::Following>(&leg);
        return following != nullptr && following->phase != leg::Following::Phase::pausing &&
               following->phase != leg::Following::Phase::paused;
    });
}

/// "Its own hosts wrote to it" is stable before the first of their writes reaches the disk.
bool MirrorMachine::may_write_apart(Outbox& out) {
    if (cell().apart == Apart::paused) {
        cells_.edit([](Cell& cell) { cell.apart = Apart::written; });
        out.note(note::WrittenApart{});
    }
    return cells_.stable()->apart == Apart::written;
}

/// A source takes this copy up again. False while what hosts have written here is still on its way
/// to the disk: it would land on what the source sends.
bool MirrorMachine::end_apart(Outbox& out) {
    for (std::size_t i = 0; i < flights_.size();) {
        if (flights_[i].stage != Flight::Stage::waiting) {
            ++i;
            continue;
        }
        out.put(output::HostReply{flights_.take(i).request, HostStatus::not_in_service, {}});
        --waiting_;
    }
    return flights_.empty();
}

}  // namespace sunder::replication
