// SPDX-License-Identifier: BSD-3-Clause
//
// Becoming the target of a source, for a mirror or a resync, and ceasing to be it.
#include "base/mutant.h"
#include "replication/mirror_machine.h"

#include <algorithm>

namespace sunder::replication {

/// SAF-7: only a copy that is out of service, and that has not accepted a later era, has a source.
bool MirrorMachine::may_follow(Era era) const {
    bool const out_of_service = std::holds_alternative<passage::None>(passage_) && !open_;
    return out_of_service && !going_back() && !(era < cell().era);
}

/// SAF-4: the source knew what this copy holds when it decided.
bool MirrorMachine::is_as(Heard const& heard) const {
    bool const unwritten =
        heard.writes_apart == writes_apart_ || mutant(Mutant::resume_on_old_word);
    return heard.current == cell().current && unwritten;
}

void MirrorMachine::follow_mirror(Slot peer, MirrorBegin const& begin, Outbox& out) {
    auto const* handshaking = std::get_if<leg::Handshaking>(&legs_[peer.value]);
    // A resync mends whatever this copy misses; a mirror that begins at once does not (G20).
    bool const lacks = cell().data == DataState::outdated && !begin.heard.outdated;
    bool const known = may_follow(begin.era) && is_as(begin.heard) && !lacks;
    if (handshaking == nullptr || !known || follows_other(peer) || !end_apart(out)) {
        close_leg(peer, out);
        return;
    }
    leg::Following following;
    following.connection = handshaking->connection;
    following.phase = leg::Following::Phase::mirroring;
    following.era = begin.era;
    CellStore::Version const version = cells_.edit([&](Cell& cell) {
        cell.era = begin.era;
        cell.role = Role::target;
        cell.apart = Apart::no;
        cell.fallback = {};
        // What it counted against its source once, as a source or by force, is settled.
        cell.peers[peer.value].base = Generation{};
        cell.peers[peer.value].may_be_current = false;
        adopt(cell, peer, begin.absent);
        cell.forget_pauses();
        cell.has_followed();
    });
    // A record that this copy confirms may be acknowledged without those; it knows of them first.
    if (!begin.absent.empty()) applying_version_ = version;
    set_flag(note::FlagChanged::Which::last_owner, false, out);
    set_flag(note::FlagChanged::Which::data_corrupt, false, out);
    set_data(DataState::up_to_date, out);
    in_sync_since(peer, begin.era);
    set_leg(peer, std::move(following), out);
}

void MirrorMachine::follow_resync(Slot peer, ResyncBegin const& begin, Outbox& out) {
    auto const* handshaking = std::get_if<leg::Handshaking>(&legs_[peer.value]);
    bool const known = may_follow(begin.era) && is_as(begin.heard);
    if (handshaking == nullptr || !known || follows_other(peer) || !end_apart(out)) {
        close_leg(peer, out);
        return;
    }
    ConnectionId const connection = handshaking->connection;
    if (wants_image()) {
        keep_image(peer, connection, begin, out);
    } else {
        begin_resyncing(peer, connection, begin.era, begin.resync, out);
    }
}

void MirrorMachine::begin_resyncing(Slot peer, ConnectionId connection, Era era, ResyncId resync,
                                    Outbox& out) {
    leg::Following following;
    following.connection = connection;
    following.era = era;
    following.resync = resync;
    following.received = Bitmap(log_.chunks());
    watched_in_sync_ = false;
    set_flag(note::FlagChanged::Which::last_owner, false, out);
    set_flag(note::FlagChanged::Which::data_corrupt, false, out);
    set_data(DataState::inconsistent, out);
    following.version = cells_.edit([&](Cell& cell) {
        cell.era = era;
        cell.role = Role::target;
        cell.resync = resync;
        cell.forget_pauses();
        cell.has_followed();
    });
    set_leg(peer, std::move(following), out);
}

/// True when another copy than `peer` is the source of this one, or something that it sent is not
/// on the disk yet.
bool MirrorMachine::follows_other(Slot peer) const {
    if (!has_thirds()) return false;
    bool follows = false;
    for_each_peer([&](Slot other) {
        follows = follows ||
                  (other != peer && std::holds_alternative<leg::Following>(legs_[other.value]));
    });
    auto const from_other = [&](auto const& item) { return item.from != peer; };
    return follows || std::ranges::any_of(queue_, from_other) ||
           std::ranges::any_of(applying_, from_other) ||
           (barrier_.kind != Barrier::Kind::none && barrier_.kind != Barrier::Kind::promotion &&
            barrier_.from != peer);
}

/// A third copy has come in service since this one's source did: it is left for the later one,
/// unless that one could not lead this copy either.
void MirrorMachine::turn_to(Slot peer, Hello const& theirs, Outbox& out) {
    bool const rests = !open_ && std::holds_alternative<passage::None>(passage_);
    if (!theirs.in_service || !rests || !follows_other(peer)) return;
    Verdict const verdict = decide_resync(observe(peer, theirs)).verdict;
    bool const leads = verdict == Verdict::in_sync || verdict == Verdict::partial ||
                       verdict == Verdict::full || verdict == Verdict::paused;
    if (!leads) return;
    for_each_peer([&](Slot other) {
        auto const* following = std::get_if<leg::Following>(&legs_[other.value]);
        if (other == peer || following == nullptr || !(following->era < theirs.cell.era)) return;
        close_leg(other, out);
    });
}

/// Stably inconsistent before the first block arrives (DESIGN 4).
void MirrorMachine::advance_following(Outbox& out) {
    for_each_peer([&](Slot peer) {
        auto* following = std::get_if<leg::Following>(&legs_[peer.value]);
        if (following == nullptr || following->phase != leg::Following::Phase::preparing) return;
        if (!cells_.is_stable(following->version)) return;
        leg::Following ready = *following;
        ready.phase = leg::Following::Phase::resyncing;
        out.put(output::Send{peer, ready.connection, ResyncReady{ready.resync}});
        set_leg(peer, std::move(ready), out);
    });
}

void MirrorMachine::stop_following(Slot peer, leg::Following const& following, Outbox& out) {
    // Not up to date from now on, but whole: what was received is still applied (G8).
    if (cell().data == DataState::up_to_date) set_data(DataState::consistent, out);
    bool const resyncs = following.phase == leg::Following::Phase::preparing ||
                         following.phase == leg::Following::Phase::resyncing;
    if (!resyncs) return;
    if (barrier_.kind == Barrier::Kind::finish && !barrier_.storing) {
        // A finish that has not taken hold is not one: the next resync may begin before its flush
        // ends.
        barrier_.kind = Barrier::Kind::flush;
        barrier_.finish.reset();
    }
    out.note(note::ResyncInterrupted{peer, following.resync, 0, false});
    queue_.clear();
}

}  // namespace sunder::replication
