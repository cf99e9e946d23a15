// SPDX-License-Identifier: BSD-3-Clause
//
// What comes in on a leg's connection, and whom it concerns.
#include "replication/mirror_machine.h"

namespace sunder::replication {

void MirrorMachine::message_arrived(input::MessageArrived const& in, Outbox& out) {
    ConnectionId const* connection = connection_of(legs_[in.peer.value]);
    if (connection == nullptr || *connection != in.connection) {
        out.note(note::Ignored{"it came on a connection that was given up"});
        return;
    }
    struct Hear {
        MirrorMachine& machine;
        Slot peer;
        ConnectionId connection;
        Outbox& out;
        void operator()(Record const& record) const {
            machine.receive(peer, connection, record, out);
        }
        void operator()(RecordAck const& ack) const { machine.acknowledged(peer, ack, out); }
        void operator()(std::shared_ptr<Hello const> const& hello) const {
            machine.greeted(peer, hello, out);
        }
        void operator()(MirrorBegin const& begin) const { machine.follow_mirror(peer, begin, out); }
        void operator()(ResyncBegin const& begin) const { machine.follow_resync(peer, begin, out); }
        void operator()(ResyncReady const& ready) const { machine.resync_ready(peer, ready, out); }
        void operator()(std::shared_ptr<Finish const> const& finish) const {
            machine.follow_finish(peer, connection, finish, out);
        }
        void operator()(FinishReply const& reply) const {
            machine.finish_replied(peer, reply, out);
        }
        void operator()(PauseBegin const& begin) const {
            machine.follow_pause(peer, connection, begin, out);
        }
        void operator()(PauseReply const&) const { machine.pause_confirmed(peer, out); }
        void operator()(ReadAsk const& ask) const {
            machine.read_asked(peer, connection, ask, out);
        }
        void operator()(ReadReply const& reply) const { machine.read_answered(peer, reply, out); }
        void operator()(std::shared_ptr<NewGeneration const> const& fresh) const {
            machine.follow_generation(peer, connection, fresh, out);
        }
        void operator()(GenerationStored const& stored) const {
            machine.generation_stored(peer, stored, out);
        }
        void operator()(PeerAck const& ack) const { machine.peer_acknowledged(peer, ack, out); }
    };
    std::visit(Hear{*this, in.peer, in.connection, out}, in.message);
}

/// A record, a run or a barrier has been applied.
void MirrorMachine::acknowledged(Slot peer, RecordAck const& ack, Outbox& out) {
    Channel* channel = channel_of(legs_[peer.value]);
    if (channel == nullptr) return;  // a paused target's last words
    if (channel->settling.running && channel->settling.barrier == ack.sequence) {
        channel->settling.peer_stable = true;
        finish_settling(peer, out);
        return;
    }
    if (auto* resyncing = std::get_if<leg::Resyncing>(&legs_[peer.value])) {
        std::size_t const run =
            resyncing->runs.find([&](Run const& r) { return r.sequence == ack.sequence; });
        if (run < resyncing->runs.size()) {
            resyncing->in_flight -= resyncing->runs.take(run).range.count;
            pump_resync(peer, out);
            return;
        }
    }
    record_acknowledged(peer, ack.sequence, out);
}

void MirrorMachine::greeted(Slot peer, std::shared_ptr<Hello const> const& hello, Outbox& out) {
    auto* handshaking = std::get_if<leg::Handshaking>(&legs_[peer.value]);
    if (handshaking == nullptr) {
        close_leg(peer, out);  // the peer is no longer what it was when this leg began
        return;
    }
    if (hello->bits && hello->bits->size() != log_.chunks()) {
        reject(peer, "an intent log of another size", out);
        return;
    }
    handshaking->theirs = hello;
    bool const first = !handshaking->opened_theirs;
    if (first && config_->split_brain != SplitBrainPolicy::disconnect)
        handshaking->opened_theirs = hello;
    if ((peers() & bit_of(peer)) == 0) return;  // the mirror may yet be extended there
    turn_to(peer, *hello, out);
    consider(peer, out);
    // What it is now may leave this copy to a policy (conceding.cc).
    if (config_->split_brain == SplitBrainPolicy::disconnect || cell().last_owner || open_) return;
    for_each_peer([&](Slot other) {
        if (other != peer) consider(other, out);
    });
}

void MirrorMachine::follow_finish(Slot peer, ConnectionId connection,
                                  std::shared_ptr<Finish const> const& finish, Outbox& out) {
    auto const* following = std::get_if<leg::Following>(&legs_[peer.value]);
    bool const awaited = following != nullptr &&
                         following->phase == leg::Following::Phase::resyncing &&
                         following->resync == finish->resync;
    if (!awaited) {
        reject(peer, "the finish of a resync that is not under way", out);
        return;
    }
    queue_.add(Incoming{peer, connection, finish});
    pump_applying(out);
}

}  // namespace sunder::replication
