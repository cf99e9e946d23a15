// SPDX-License-Identifier: BSD-3-Clause
//
// To which copies the mirror is extended (R4, R93, R94). The others are neither written nor waited
// for; a connection with one of them is held, and nothing is said on it. A copy that the mirror is
// extended to no more gives up what it holds: it is blank, as before its first resync (R5), so that
// whatever it once was can neither come in service nor be taken for a part of what comes later.
#include "base/mutant.h"
#include "replication/mirror_machine.h"

#include <algorithm>

namespace sunder::replication {

void MirrorMachine::extend(command::Extend const& order, Outbox& out) {
    PeerMask const before = peers();
    extended_ = order.to;
    auto const gone = static_cast<PeerMask>(before & ~peers());
    auto const fresh = static_cast<PeerMask>(peers() & ~before);
    for_each_copy([&](Slot peer) {
        if ((gone & bit_of(peer)) == 0) return;
        announcing_ &= static_cast<PeerMask>(~bit_of(peer));
        knows_outdated_ &= static_cast<PeerMask>(~bit_of(peer));
        unrecorded_ &= static_cast<PeerMask>(~bit_of(peer));
        split_ &= static_cast<PeerMask>(~bit_of(peer));
        cells_.edit([&](Cell& cell) { cell.peers[peer.value] = {}; });
        close_leg(peer, out);
    });
    if (gone == 0 && fresh == 0) return;
    // What came before the newcomer was known is named for it, too (R36); and a target that may not
    // know of it yet is greeted anew.
    for (Incoming const& item : queue_) {
        auto const* record = std::get_if<Record>(&item.what);
        if (record != nullptr && record->range.count != 0)
            name_for_others(item.from, record->range);
    }
    for_each_peer([&](Slot peer) {
        bool const leads = channel_of(legs_[peer.value]) != nullptr ||
                           std::holds_alternative<leg::Preparing>(legs_[peer.value]);
        if (fresh != 0 && leads && !order.agreed) close_leg(peer, out);
    });
    bool const writing = std::ranges::any_of(flights_, [](Flight const& flight) {
        return flight.changes() && !flight.apart && flight.stage != Flight::Stage::waiting;
    });
    if (writing) record_absences(fresh, out);
    // Nobody waits for those who are gone.
    record_if_none_may_promote(out);
    acknowledge_all(out);
    pump_flights(out);
    greet_newcomers(before, out);
}

/// With some it is the first word, on a connection that was held until now.
void MirrorMachine::greet_newcomers(PeerMask known, Outbox& out) {
    for_each_peer([&](Slot peer) {
        if (!std::holds_alternative<leg::Handshaking>(legs_[peer.value])) return;
        if ((known & bit_of(peer)) != 0) {
            greet(peer, out);
        } else {
            open(peer, out);
        }
        consider(peer, out);
    });
}

/// Once nothing is on its way to the disk any more.
void MirrorMachine::erase_if_idle(Outbox& out) {
    if ((extended_ & bit_of(config_->self)) != 0) return;
    bool const holds = cell().current || cell().role == Role::source || cell().last_owner;
    if (!holds || open_ || mutant(Mutant::unextended_copy_kept)) return;
    end_apart(out);
    if (!quiet() || image_ != Image::idle) return;
    passage::Erasing erasing;
    erasing.version = cells_.edit([&](Cell& cell) {
        Cell blank;
        blank.era = cell.era;
        blank.asynchronous_limit = cell.asynchronous_limit;
        cell = blank;
    });
    passage_ = erasing;
    watched_in_sync_ = false;
    writes_apart_ = 0;
    order_.reset();
    out.note(note::Erased{});
}

void MirrorMachine::erasure_advance(passage::Erasing const& erasing, Outbox& out) {
    if (!cells_.is_stable(erasing.version)) return;
    passage_ = passage::None{};
    drop_image_unless_named(out);
    greet_newcomers(0, out);
}

/// R91: this copy is the mirror from now on, with whatever its disk holds.
void MirrorMachine::create(Outbox& out) {
    if (cell().current || !std::holds_alternative<passage::None>(passage_)) {
        out.note(note::Ignored{"this copy is one of a mirror already"});
        return;
    }
    Generation const fresh{mint(), Minted::created};
    cells_.edit([&](Cell& cell) {
        cell.current = fresh;
        cell.role = Role::source;
        cell.data = DataState::consistent;
    });
    out.note(note::GenerationMinted{fresh});
    set_flag(note::FlagChanged::Which::last_owner, true, out);
}

}  // namespace sunder::replication
