// SPDX-License-Identifier: BSD-3-Clause
//
// Generations, and who misses which (G20). A source that goes on without a peer has that on stable
// record first, here and at every synchronous target: any of them may be the next source, and must
// then know who was left behind, or it would take that copy for its equal (SAF-18, R36).
#include "base/mutant.h"
#include "replication/mirror_machine.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sunder::replication {

namespace {

/// A target that is told of generations: one that mirrors, or will once it has read the finish that
/// was sent. Any other learns them by that.
bool is_told(Leg const& leg) {
    auto const* resyncing = std::get_if<leg::Resyncing>(&leg);
    return std::holds_alternative<leg::Mirroring>(leg) ||
           (resyncing != nullptr && resyncing->finish_sent);
}

}  // namespace

// ---- the source

/// True when the peer may still be taken for one that has everything.
bool MirrorMachine::lacks_absence(Slot peer) const {
    PeerRecord const& record = cell().peers[peer.value];
    return !record.base || record.may_be_current;
}

bool MirrorMachine::absences_recorded(PeerMask absent) const {
    if (absent == 0 || mutant(Mutant::acknowledge_without_outdated)) return true;
    bool recorded = true;
    for_each_peer([&](Slot peer) {
        Leg const& leg = legs_[peer.value];
        bool const heir = is_told(leg) && config_->synchronous[peer.value];
        if (heir) recorded = recorded && knows_all(*channel_of(leg));
        if ((absent & bit_of(peer)) == 0) return;
        recorded =
            recorded && !lacks_absence(peer) && cells_.is_stable(absence_version_[peer.value]);
        // A faithful policy waits for nobody; a guarded one until the peer cannot promote.
        if (config_->guarded) recorded = recorded && (knows_outdated_ & bit_of(peer)) != 0;
    });
    return recorded;
}

/// Cheap where nothing is held, for drivers look after each step.
Held MirrorMachine::held() const {
    Held held;
    if (!config_->guarded) return held;
    PeerMask doubtful = 0;
    for_each_peer([&](Slot peer) {
        bool const mirrors = std::holds_alternative<leg::Mirroring>(legs_[peer.value]);
        bool const knows = (knows_outdated_ & bit_of(peer)) != 0;
        if (!mirrors && !knows) doubtful |= bit_of(peer);
    });
    if (doubtful == 0) return held;
    std::vector<Flight const*> all;
    for (Flight const& flight : flights_) {
        bool const done = flight.stage == Flight::Stage::done && flight.waits == 0;
        auto const absent = static_cast<PeerMask>(doubtful & ~flight.sent);
        bool const awaits = done && flight.changes() && !flight.apart && absent != 0;
        bool const behind = flight.stage == Flight::Stage::waiting && flight.op != HostOp::flush &&
                            std::ranges::any_of(all, [&](Flight const* earlier) {
                                return (earlier->changes() || flight.changes()) &&
                                       earlier->range.overlaps(flight.range);
                            });
        if (!awaits && !behind) continue;
        if (awaits) held.awaited |= absent;
        ++held.requests;
        all.push_back(&flight);
    }
    return held;
}

/// G20: before the first write is acknowledged without a peer, "the peer has nothing after
/// generation g" becomes stable, and later writes belong to a generation of their own (SAF-18). A
/// guarded source, which waits until the peer cannot promote, mints when that is so: if it is shot
/// while it waits, it has acknowledged nothing, and returns as an ancestor of whoever took over.
/// DRBD has its peer fenced before it makes a current UUID, too (C.8).
void MirrorMachine::record_absences(PeerMask absent, Outbox& out) {
    // What is being given up needs no generation of its own.
    if (std::holds_alternative<passage::Conceding>(passage_)) return;
    PeerMask unrecorded = 0;
    for_each_peer([&](Slot peer) {
        if ((absent & bit_of(peer)) != 0 && lacks_absence(peer)) unrecorded |= bit_of(peer);
    });
    if (unrecorded == 0) return;
    // All are told a name of its own: what one said before a resync is not said for what it is now.
    bool const news = (unrecorded & ~unrecorded_) != 0;
    if (news) next_ = Generation{mint(), Minted::without_peer};
    unrecorded_ |= unrecorded;
    if (!config_->guarded) return record_as_promised(out);
    record_if_none_may_promote(out);
}

void MirrorMachine::record_if_none_may_promote(Outbox& out) {
    if ((unrecorded_ & ~knows_outdated_) == 0) record_as_promised(out);
}

/// The generation gets the name by which peers were told of it: a word that comes late has to be
/// recognised by a peer that has caught up.
void MirrorMachine::record_as_promised(Outbox& out) {
    if (unrecorded_ == 0) return;
    leave_behind(std::exchange(unrecorded_, PeerMask{0}), std::exchange(next_, Generation{}), out);
}

void MirrorMachine::leave_behind(PeerMask absent, Generation fresh, Outbox& out) {
    Generation const past = cell().current;
    CellStore::Version const version = cells_.edit([&](Cell& cell) {
        for_each_peer([&](Slot peer) {
            PeerRecord& record = cell.peers[peer.value];
            if ((absent & bit_of(peer)) != 0) {
                if (!record.base) record.base = past;  // else bits count from before, that is more
                record.may_be_current = false;
            } else if (is_told(legs_[peer.value])) {
                // Until it confirms, it holds the one or the other.
                if (!record.base) record.base = past;
                record.may_be_current = true;
            }
        });
        if (!mutant(Mutant::generation_not_minted)) cell.succeed(fresh);
    });
    for_each_peer([&](Slot peer) {
        CellStore::Version& awaited = absence_version_[peer.value];
        if (mutant(Mutant::absence_stored_once) && awaited != 0) return;
        if ((absent & bit_of(peer)) != 0) awaited = version;
    });
    announcing_ |= absent;
    greeting_due_ = true;
    out.note(note::GenerationMinted{fresh});
}

/// True when the target has stored the generation that writes belong to now.
bool MirrorMachine::knows_all(Channel const& channel) const {
    return !channel.unconfirmed && channel.told == cell().current;
}

/// What is stable here is told: no copy may come to hold a later history than its source would be
/// found with. An era, too, that the source has raised while it serves: who learned of it from a
/// third copy only would take it for another's, and its own copy for one that was overtaken.
void MirrorMachine::tell_generations(Outbox& out) {
    if (!has_thirds()) return;
    Cell const& stable = *cells_.stable();
    for_each_peer([&](Slot peer) {
        if (!is_told(legs_[peer.value])) return;
        Channel& channel = *channel_of(legs_[peer.value]);
        if (channel.told == stable.current && channel.era == stable.era) return;
        channel.told = stable.current;
        channel.era = stable.era;
        if (mutant(Mutant::heirs_untold)) return;
        channel.unconfirmed = true;
        auto fresh = std::make_shared<NewGeneration>();
        fresh->era = stable.era;
        fresh->current = stable.current;
        fresh->history = stable.history;
        fresh->absent = absences(stable, peer);
        out.put(output::Send{peer, channel.connection,
                             std::shared_ptr<NewGeneration const>(std::move(fresh))});
    });
}

void MirrorMachine::generation_stored(Slot peer, GenerationStored const& stored, Outbox& out) {
    Channel* channel = channel_of(legs_[peer.value]);
    if (channel == nullptr || !channel->unconfirmed || stored.current != cell().current) {
        out.note(note::Ignored{"a generation that another has followed since"});
        return;
    }
    channel->unconfirmed = false;
    cells_.edit([&](Cell& cell) {
        cell.peers[peer.value].base = Generation{};
        cell.peers[peer.value].may_be_current = false;
    });
    vouch_for(peer, out);
    acknowledge_all(out);
    pump_flights(out);
}

/// What `to` has to know of the others.
Absences MirrorMachine::absences(Cell const& cell, Slot to) const {
    Absences absent;
    for_each_peer([&](Slot peer) {
        PeerRecord const& record = cell.peers[peer.value];
        if (peer != to && record.base) absent.push_back({peer, record.base, record.may_be_current});
    });
    return absent;
}

// ---- the target

/// What the source has on record of third copies is on record here from now on.
void MirrorMachine::adopt(Cell& cell, Slot source, Absences const& absent) {
    // Third copies hear by whose history this one goes from now on.
    if (has_thirds()) greeting_due_ = true;
    for_each_peer([&](Slot peer) {
        if (peer == source) return;
        PeerRecord& record = cell.peers[peer.value];
        auto const known = std::ranges::find(absent, peer, &Absence::peer);
        record.base = known != absent.end() ? known->base : Generation{};
        record.may_be_current = known != absent.end() && known->may_be_current;
    });
}

void MirrorMachine::follow_generation(Slot peer, ConnectionId connection,
                                      std::shared_ptr<NewGeneration const> const& fresh,
                                      Outbox& out) {
    auto const* following = std::get_if<leg::Following>(&legs_[peer.value]);
    bool const awaited =
        following != nullptr && following->phase >= leg::Following::Phase::resyncing;
    if (!awaited || fresh->era < cell().era) {
        close_leg(peer, out);
        return;
    }
    queue_.add(Incoming{peer, connection, fresh});
    pump_applying(out);
}

/// In its place among the records: what comes later belongs to it.
void MirrorMachine::store_generation(Incoming const& head, NewGeneration const& fresh) {
    barrier_ = Barrier{};
    barrier_.kind = Barrier::Kind::generation;
    barrier_.from = head.from;
    barrier_.connection = head.connection;
    barrier_.storing = true;
    barrier_.version = cells_.edit([&](Cell& cell) {
        cell.current = fresh.current;
        cell.history = fresh.history;
        cell.era = std::max(cell.era, fresh.era);
        adopt(cell, head.from, fresh.absent);
    });
    auto* following = std::get_if<leg::Following>(&legs_[head.from.value]);
    bool const present = following != nullptr && following->connection == head.connection;
    if (!present) return;
    following->era = std::max(following->era, fresh.era);
    if (watched_in_sync_ && watched_with_ == head.from) in_sync_since(head.from, following->era);
}

void MirrorMachine::generation_stored_here(Barrier const& barrier, Outbox& out) {
    ConnectionId const* present = connection_of(legs_[barrier.from.value]);
    if (present == nullptr || *present != barrier.connection) return;
    out.put(output::Send{barrier.from, barrier.connection, GenerationStored{cell().current}});
}

}  // namespace sunder::replication
