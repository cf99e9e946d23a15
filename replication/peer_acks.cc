// SPDX-License-Identifier: BSD-3-Clause
//
// What the targets of one source keep of each other (R36). A target names in its own intent log,
// towards each other copy, every chunk that it applies, stably and before its disk is touched; the
// source, which alone knows who has what, tells it when a third copy is equal there. So any two
// copies differ only where one of them has a bit towards the other, whoever is lost, and the next
// source brings the others in line by a partial resync. DRBD calls the word of the source peer-ack
// (C.6).
//
// The source vouches for a copy only while it mirrors to it: one that is away may have been written
// by others.
#include "base/mutant.h"
#include "replication/mirror_machine.h"

#include <algorithm>

namespace sunder::replication {

// ---- the target

/// At arrival, so that the pages of many records go out together.
void MirrorMachine::name_for_others(Slot from, Extent range) {
    if (!has_thirds() || mutant(Mutant::targets_unnamed)) return;
    for_each_peer([&](Slot other) {
        if (other != from) log_.mark(other, log_.chunks_of(range));
    });
}

bool MirrorMachine::is_named_for_others(Slot from, Extent range) const {
    if (!has_thirds() || mutant(Mutant::targets_unnamed)) return true;
    bool named = true;
    for_each_peer([&](Slot other) {
        named = named && (other == from || log_.is_stable(other, log_.chunks_of(range)));
    });
    return named;
}

void MirrorMachine::peer_acknowledged(Slot peer, PeerAck const& ack, Outbox& out) {
    bool const known = ack.about.value < config_->copies && ack.about != config_->self &&
                       ack.about != peer && ack.chunks && ack.chunks->size() == log_.chunks();
    auto const* following = std::get_if<leg::Following>(&legs_[peer.value]);
    if (!known || following == nullptr || following->phase != leg::Following::Phase::mirroring) {
        reject(peer, "a word about a copy that is none of this mirror's", out);
        return;
    }
    Bitmap equal = *ack.chunks;
    if (ack.all_but) {
        equal = log_.bits(ack.about);
        equal -= *ack.chunks;
    }
    std::uint64_t const named = log_.bits(ack.about).count();
    log_.clear(ack.about, equal);
    std::uint64_t const cleared = named - log_.bits(ack.about).count();
    if (cleared != 0) out.note(note::Settled{ack.about, cleared});
    if (ack.in_sync && cell().peers[ack.about.value].base) {
        cells_.edit([&](Cell& cell) {
            cell.peers[ack.about.value].base = Generation{};
            cell.peers[ack.about.value].may_be_current = false;
        });
    }
}

// ---- the source

/// Bits towards `peer` have been cleared: where none are left towards another target either, the
/// two are equal.
void MirrorMachine::acknowledge_peers(Slot peer, Bitmap const& clean, Outbox& out) {
    if (!std::holds_alternative<leg::Mirroring>(legs_[peer.value])) return;
    for_each_peer([&](Slot other) {
        if (other == peer || !std::holds_alternative<leg::Mirroring>(legs_[other.value])) return;
        Bitmap equal = clean;
        if (!mutant(Mutant::vouched_too_early)) equal -= log_.bits(other);
        if (!equal.any()) return;
        auto const chunks = std::make_shared<Bitmap const>(std::move(equal));
        send_peer_ack(peer, PeerAck{other, false, false, chunks}, out);
        send_peer_ack(other, PeerAck{peer, false, false, chunks}, out);
    });
}

/// The peer mirrors from now on: it and each other target hear what they have in common.
void MirrorMachine::introduce(Slot peer, Outbox& out) {
    for_each_peer([&](Slot other) {
        auto const* mirrors = std::get_if<leg::Mirroring>(&legs_[other.value]);
        if (other == peer || mirrors == nullptr) return;
        auto differ = std::make_shared<Bitmap>(log_.bits(peer));
        *differ |= log_.bits(other);
        bool const whole = knows_all(*channel_of(legs_[peer.value]));
        send_peer_ack(peer, PeerAck{other, true, knows_all(mirrors->channel), differ}, out);
        send_peer_ack(other, PeerAck{peer, true, whole, differ}, out);
    });
}

/// The peer holds the current generation.
void MirrorMachine::vouch_for(Slot peer, Outbox& out) {
    for_each_peer([&](Slot other) {
        if (other == peer || !std::holds_alternative<leg::Mirroring>(legs_[other.value])) return;
        send_peer_ack(
            other, PeerAck{peer, false, true, std::make_shared<Bitmap const>(log_.chunks())}, out);
    });
}

/// A source that leaves with nothing under way says so: its targets are equal, and the next source
/// need not copy from one to the other what both have. False while it is finding out.
bool MirrorMachine::vouched_for_all(passage::Demoting& demoting, Outbox& out) {
    if (!has_thirds()) return true;
    auto const settles = [&] {
        return std::ranges::any_of(legs_, [](Leg const& leg) {
            Channel const* channel = channel_of(leg);
            return channel != nullptr && channel->settling.running;
        });
    };
    if (settles()) return false;  // begun earlier, it does not cover all
    if (demoting.vouches) return true;
    demoting.vouches = true;
    for_each_peer([&](Slot peer) {
        if (std::holds_alternative<leg::Mirroring>(legs_[peer.value])) start_settling(peer, out);
    });
    return !settles();
}

void MirrorMachine::send_peer_ack(Slot to, PeerAck ack, Outbox& out) {
    out.put(output::Send{to, *connection_of(legs_[to.value]), std::move(ack)});
}

}  // namespace sunder::replication
