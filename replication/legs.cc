// SPDX-License-Identifier: BSD-3-Clause
//
// Legs come and go: greeting, the handshake and what its verdict starts, and the loss of a leg.
#include "base/mutant.h"
#include "base/verify.h"
#include "replication/mirror_machine.h"

namespace sunder::replication {

void MirrorMachine::set_leg(Slot peer, Leg to, Outbox& out) {
    Leg& leg = legs_[peer.value];
    LegState const before = state_of(leg);
    bool const inward =
        std::holds_alternative<leg::Following>(to) || std::holds_alternative<leg::Following>(leg);
    leg = std::move(to);
    LegState const after = state_of(leg);
    if (before != after) {
        Direction const direction = inward ? Direction::inward : Direction::outward;
        out.note(note::LegChanged{peer, before, after, direction});
    }
}

void MirrorMachine::connection_up(input::ConnectionUp const& in, Outbox& out) {
    // The driver may know of a new connection before this side heard of the old one's end.
    if (connection_of(legs_[in.peer.value]) != nullptr) lose_leg(in.peer, out);
    set_leg(in.peer,
            leg::Handshaking{in.connection, nullptr, false, {}, nullptr, nullptr, {}, false, false},
            out);
    // Until the mirror is extended there, nothing is said.
    if ((peers() & bit_of(in.peer)) != 0) open(in.peer, out);
}

/// Greets on a connection for the first time.
void MirrorMachine::open(Slot peer, Outbox& out) {
    auto const opened = greet(peer, out);
    if (config_->split_brain == SplitBrainPolicy::disconnect) return;
    auto& handshaking = std::get<leg::Handshaking>(legs_[peer.value]);
    handshaking.opened_mine = opened;
}

std::shared_ptr<Hello const> MirrorMachine::greet(Slot peer, Outbox& out) {
    ConnectionId const* connection = connection_of(legs_[peer.value]);
    VERIFY(connection != nullptr);
    auto hello = std::make_shared<Hello>();
    hello->cell = cell();
    // Whoever is on the way in is no target any more, and whoever is on the way out none yet: it
    // may still have writes to acknowledge.
    hello->in_service = open_ || !std::holds_alternative<passage::None>(passage_);
    hello->intent_log = config_->intent_log;
    hello->bitmap_merge = config_->bitmap_merge;
    hello->writes_apart = writes_apart_;
    hello->follows = follows_other(peer);
    hello->extended = extended_;
    hello->rests = resting_;
    hello->sectors = config_->sectors;
    hello->chunk_sectors = config_->chunk_sectors;
    if (auto* handshaking = std::get_if<leg::Handshaking>(&legs_[peer.value])) {
        handshaking->said_owner = hello->cell.last_owner;
        handshaking->said_follows = hello->follows;
    }
    if (log_.bits(peer).any()) hello->bits = std::make_shared<Bitmap const>(log_.bits(peer));
    out.put(output::Send{peer, *connection, std::shared_ptr<Hello const>(hello)});
    return hello;
}

/// A copy that began or ceased to be a third one's target says so where nothing has begun.
void MirrorMachine::greet_if_followed_otherwise(Outbox& out) {
    if (!has_thirds()) return;
    for_each_peer([&](Slot peer) {
        auto const* handshaking = std::get_if<leg::Handshaking>(&legs_[peer.value]);
        if (handshaking == nullptr || handshaking->said_follows == follows_other(peer)) return;
        greet(peer, out);
        consider(peer, out);
    });
}

/// Who is in service, or what this copy is, has changed: legs that have not begun greet again.
void MirrorMachine::greet_all(Outbox& out) {
    for_each_peer([&](Slot peer) {
        if (!std::holds_alternative<leg::Handshaking>(legs_[peer.value])) return;
        greet(peer, out);
        consider(peer, out);
    });
}

/// The facts of the handshake, seen from the side in service; from this one when both or none are.
HandshakeFacts MirrorMachine::observe(Slot peer, Hello const& theirs) const {
    bool const theirs_leads = theirs.in_service && !open_;
    Cell const& source = theirs_leads ? theirs.cell : cell();
    Cell const& target = theirs_leads ? cell() : theirs.cell;
    Slot const target_slot = theirs_leads ? config_->self : peer;
    Relation relation = relate(cell(), config_->self, theirs.cell, peer);
    if (theirs_leads) relation = mirrored(relation);

    HandshakeFacts facts;
    facts.in_service = open_ && theirs.in_service   ? HandshakeFacts::InService::both
                       : open_ || theirs.in_service ? HandshakeFacts::InService::source
                                                    : HandshakeFacts::InService::neither;
    switch (relation.kinship) {
        case Kinship::same:
            facts.target = HandshakeFacts::Target::same;
            break;
        case Kinship::self_later:
            facts.target = relation.tracked ? HandshakeFacts::Target::earlier_tracked
                                            : HandshakeFacts::Target::earlier;
            break;
        case Kinship::peer_later:
            facts.target = HandshakeFacts::Target::later;
            break;
        case Kinship::diverged:
            facts.target = HandshakeFacts::Target::diverged;
            break;
        case Kinship::unrelated:
            facts.target = HandshakeFacts::Target::unrelated;
            break;
        case Kinship::self_blank:
            facts.target = HandshakeFacts::Target::later;
            break;
        case Kinship::peer_blank:
            facts.target = HandshakeFacts::Target::blank;
            break;
    }
    ResyncId const resync = source.peers[target_slot.value].resync;
    bool const same_resync = resync != 0 && target.resync == resync;
    bool const past_target = relation.kinship == Kinship::self_later && target.last_owner;
    bool const past_source = relation.kinship == Kinship::peer_later && source.last_owner;
    facts.forced_past_owner = relation.forced && (past_target || past_source);
    facts.target_inconsistent = target.data == DataState::inconsistent;
    facts.target_was_written = target.role == Role::source || target.apart == Apart::written;
    facts.pristine = source.pristine && target.pristine;
    facts.paused = source.peers[target_slot.value].paused;
    facts.target_rests = theirs_leads ? resting_ : theirs.rests;
    facts.bits = log_.bits(peer).any() || (theirs.bits && theirs.bits->any());
    facts.intent_log = config_->intent_log && theirs.intent_log;
    facts.bitmap_merge = config_->bitmap_merge && theirs.bitmap_merge;
    facts.continues = same_resync && facts.target_inconsistent;
    facts.finish_missed = same_resync && !facts.target_inconsistent &&
                          relation.kinship == Kinship::same &&
                          static_cast<bool>(source.peers[target_slot.value].base);
    return facts;
}

void MirrorMachine::consider(Slot peer, Outbox& out) {
    auto* handshaking = std::get_if<leg::Handshaking>(&legs_[peer.value]);
    if (handshaking == nullptr || !handshaking->theirs || (peers() & bit_of(peer)) == 0) return;
    std::shared_ptr<Hello const> const theirs = handshaking->theirs;
    // Who does not know of a third copy yet names nothing for it (R36).
    if (has_thirds() && theirs->extended != extended_) return;
    // The peer serves, too: who has promised answers may not be taken for its ancestor (R31).
    if (theirs->in_service) record_as_promised(out);
    HandshakeFacts const facts = observe(peer, *theirs);
    HandshakeDecision const decision = decide_resync(facts);
    bool const stops =
        decision.verdict == Verdict::split_brain || decision.verdict == Verdict::unrelated;
    bool const leads = facts.in_service == HandshakeFacts::InService::source && open_ && !stops;
    split_ &= static_cast<PeerMask>(~bit_of(peer));
    // What a third copy's target says of its bits is old by now: it turns to this source, and
    // greets again. And whether a third node's era may be outbidden, the membership machine knows.
    if (leads && (theirs->follows || has_third_era(peer, theirs->cell))) return;
    bool const news = !handshaking->decided || handshaking->decision != decision;
    handshaking->decided = true;
    handshaking->decision = decision;
    if (news && (open_ || stops)) {
        out.note(note::ResyncDecided{peer, decision, facts});
    }
    if (leads && theirs->cell.era > cell().era) {
        // It was once promoted, or heard of a promotion, that this source never heard of.
        cells_.edit([&](Cell& cell) {
            cell.era = Era{theirs->cell.era.number + 1, config_->nodes[config_->self.value]};
        });
        // Others may have waited for that, too.
        if (has_thirds()) greeting_due_ = true;
    }
    // R129: the source was forced online and takes this copy for the last owner, which it was when
    // it greeted.
    bool const misled = theirs->in_service && theirs->cell.current.why == Minted::forced &&
                        handshaking->said_owner && !cell().last_owner;
    if (misled) greet(peer, out);
    bool const parted = facts.target == HandshakeFacts::Target::diverged || facts.forced_past_owner;
    switch (decision.verdict) {
        case Verdict::wait:
            if (parted) resolve_by_policy(peer, out);
            return;
        case Verdict::split_brain:
        case Verdict::unrelated:
            split_ |= bit_of(peer);
            if (parted) resolve_by_policy(peer, out);
            return;
        case Verdict::paused:
            if (leads) begin_pausing(peer, out);
            return;
        case Verdict::in_sync:
            if (leads) begin_mirroring(peer, out);
            return;
        case Verdict::partial:
        case Verdict::full:
            if (leads) begin_preparing(peer, decision, out);
            return;
    }
}

/// The peer has accepted a later era than this one, of neither of the two.
bool MirrorMachine::has_third_era(Slot peer, Cell const& theirs) const {
    bool const third = theirs.era.node != config_->nodes[peer.value] &&
                       theirs.era.node != config_->nodes[config_->self.value];
    return third && theirs.era > cell().era;
}

namespace {
Heard heard_of(Hello const& hello) {
    return {hello.cell.current, hello.writes_apart, hello.cell.data == DataState::outdated};
}
}  // namespace

void MirrorMachine::begin_mirroring(Slot peer, Outbox& out) {
    leg::Mirroring mirroring;
    auto const& handshaking = std::get<leg::Handshaking>(legs_[peer.value]);
    mirroring.channel.connection = handshaking.connection;
    mirroring.channel.told = cell().current;
    mirroring.channel.era = cell().era;
    out.put(output::Send{
        peer, mirroring.channel.connection,
        MirrorBegin{cell().era, heard_of(*handshaking.theirs), absences(cell(), peer)}});
    knows_outdated_ &= static_cast<PeerMask>(~bit_of(peer));
    cells_.edit([&](Cell& cell) {
        cell.peers[peer.value].base = Generation{};
        cell.peers[peer.value].may_be_current = false;
        cell.peers[peer.value].met = true;
    });
    set_leg(peer, std::move(mirroring), out);
    // It has everything, and is left behind with nobody; the others are not waited for because of
    // it.
    unrecorded_ &= static_cast<PeerMask>(~bit_of(peer));
    record_if_none_may_promote(out);
    introduce(peer, out);
    peer_has_caught_up(peer, out);
}

void MirrorMachine::begin_preparing(Slot peer, HandshakeDecision decision, Outbox& out) {
    auto const& handshaking = std::get<leg::Handshaking>(legs_[peer.value]);
    bool const full = decision.verdict == Verdict::full;
    leg::Preparing preparing;
    preparing.connection = handshaking.connection;
    preparing.full = full;
    preparing.resync = cell().peers[peer.value].resync;
    if (full) {
        log_.mark_all(peer);
    } else if (handshaking.theirs->bits && !mutant(Mutant::union_forgotten)) {
        log_.merge(peer,
                   *handshaking.theirs->bits);  // R22, R33: the union, or data stays behind (G17)
    }
    if (decision.rule != ResyncRule::continue_interrupted) preparing.resync = mint();
    Generation const theirs = handshaking.theirs->cell.current;
    preparing.heard = heard_of(*handshaking.theirs);
    preparing.version = cells_.edit([&](Cell& cell) {
        PeerRecord& record = cell.peers[peer.value];
        record.resync = preparing.resync;
        // What the peer is known to hold must not fall out of the remembered history.
        bool const between = theirs && theirs != cell.current && cell.descends_from(theirs.id);
        if (record.base && between) record.base = theirs;
    });
    set_leg(peer, std::move(preparing), out);
}

/// A resync may be called "to be continued" only when its bits and its name are stable here.
void MirrorMachine::advance_preparing(Outbox& out) {
    for_each_peer([&](Slot peer) {
        auto* preparing = std::get_if<leg::Preparing>(&legs_[peer.value]);
        if (preparing == nullptr || preparing->begun) return;
        if (!cells_.is_stable(preparing->version)) return;
        if (preparing->full && !log_.all_stable(peer)) return;
        preparing->begun = true;
        preparing->era = cell().era;
        out.put(output::Send{peer, preparing->connection,
                             ResyncBegin{preparing->era, preparing->resync, preparing->heard}});
    });
}

void MirrorMachine::close_leg(Slot peer, Outbox& out) {
    ConnectionId const* connection = connection_of(legs_[peer.value]);
    if (connection == nullptr) return;
    out.put(output::Close{peer, *connection});
    lose_leg(peer, out);
}

void MirrorMachine::reject(Slot peer, std::string_view why, Outbox& out) {
    out.note(note::Rejected{peer, why});
    close_leg(peer, out);
}

void MirrorMachine::lose_leg(Slot peer, Outbox& out) {
    Leg& leg = legs_[peer.value];
    if (auto const* following = std::get_if<leg::Following>(&leg))
        stop_following(peer, *following, out);
    if (auto const* resyncing = std::get_if<leg::Resyncing>(&leg)) {
        out.note(note::ResyncInterrupted{peer, resyncing->resync, log_.bits(peer).count(),
                                         resyncing->finish_sent});
    }
    bool const sent = channel_of(leg) != nullptr;
    set_leg(peer, leg::Disconnected{}, out);
    stay_in_service(peer, out);
    if (sent) give_up_records(peer, out);
}

/// Nobody will confirm what was sent: it is acknowledged as soon as the absence is on record.
void MirrorMachine::give_up_records(Slot peer, Outbox& out) {
    give_up_reads(peer, out);
    bool pending = false;
    for (std::size_t i = 0; i < flights_.size(); ++i) {
        if (flights_[i].op == HostOp::read) continue;
        pending = pending || (flights_[i].changes() && flights_[i].stage != Flight::Stage::waiting);
        flights_.edit(i, [&](Flight& f) {
            f.sent &= static_cast<PeerMask>(~bit_of(peer));
            if (!mutant(Mutant::dead_leg_awaited)) f.waits &= static_cast<PeerMask>(~bit_of(peer));
        });
    }
    if (pending) record_absences(bit_of(peer), out);
    acknowledge_all(out);
    pump_flights(out);
}

}  // namespace sunder::replication
