// SPDX-License-Identifier: BSD-3-Clause
//
// The loser of a split brain gives up what it wrote since the two parted (R33, R34). One cell of
// its own is all that changes: it goes back to the last generation that both copies shared, and is
// last owner no more. From then on it is an ancestor of the winner whatever crashes; its intent log
// still names what it wrote since, so that a resync of the union overwrites all of that. Before
// that cell is stable it is split brain as before.
#include "base/mutant.h"
#include "base/verify.h"
#include "replication/kinship.h"
#include "replication/mirror_machine.h"

namespace sunder::replication {

namespace {

/// What a copy that is no last owner knows of those that hold the same history.
struct Kin {
    bool led = false;       ///< one of them led it, or leads this copy now
    bool all_heard = true;  ///< of all other copies
};

void look_at(Leg const& leg, Slot peer, Cell const& mine, Slot self, Kin& kin) {
    auto const* handshaking = std::get_if<leg::Handshaking>(&leg);
    kin.led = kin.led || std::holds_alternative<leg::Following>(leg);
    if (handshaking == nullptr || !handshaking->theirs) {
        kin.all_heard = false;
        return;
    }
    Cell const& theirs = handshaking->theirs->cell;
    Kinship const kinship = relate(mine, self, theirs, peer).kinship;
    bool const parted = kinship == Kinship::diverged || kinship == Kinship::unrelated;
    kin.led = kin.led || (theirs.last_owner && !parted);
}

}  // namespace

/// Sources are the parties: whose target a copy was decides for it. So a source gives up to a
/// source only, and a target to nobody while the one that it follows, or followed, is there. Then
/// it does as the policy says, and where nobody is left who led what it holds, in any case: it
/// could not come in service.
///
/// Both sides decide by the two hellos that opened this connection, so neither can think that the
/// other is the one to give up. A parting that these do not show yet is shown by the next ones.
void MirrorMachine::resolve_by_policy(Slot peer, Outbox& out) {
    auto* handshaking = std::get_if<leg::Handshaking>(&legs_[peer.value]);
    bool const asked = handshaking != nullptr && handshaking->opened_theirs &&
                       std::holds_alternative<passage::None>(passage_);
    if (!asked) return;
    std::shared_ptr<Hello const> const theirs = handshaking->opened_theirs;
    Relation const opened =
        relate(handshaking->opened_mine->cell, config_->self, theirs->cell, peer);
    Cell const& earlier =
        opened.kinship == Kinship::self_later ? theirs->cell : handshaking->opened_mine->cell;
    bool const shown = opened.kinship == Kinship::diverged || (opened.forced && earlier.last_owner);
    if (!shown) {
        close_leg(peer, out);
        return;
    }
    bool const owns = handshaking->opened_mine->cell.last_owner;
    bool const peer_owns = theirs->cell.last_owner;
    if (owns != cell().last_owner) {
        close_leg(peer, out);  // neither shown yet
        return;
    }
    if (!peer_owns) return;
    bool const first = config_->self < peer;
    SplitBrainFacts facts =
        split_brain_facts(config_->split_brain, first ? *handshaking->opened_mine : *theirs,
                          first ? *theirs : *handshaking->opened_mine);
    using Side = SplitBrainFacts::Side;
    Side const mine = first ? Side::first : Side::second;
    if (config_->split_brain_loser == config_->self) facts.named = mine;
    if (config_->split_brain_loser == peer) facts.named = first ? Side::second : Side::first;
    SplitBrainDecision const decision = decide_split_brain(facts);
    Kin kin;
    for_each_peer([&](Slot other) {
        if (other != peer) look_at(legs_[other.value], other, cell(), config_->self, kin);
    });
    bool const left_alone = kin.all_heard && decision.rule != SplitBrainRule::named_node_gives_up;
    bool const loses = decision.loser == mine;
    if (!owns && (kin.led || !(loses || left_alone))) return;
    if ((owns || loses) && handshaking->resolved != decision) {
        handshaking->resolved = decision;
        out.note(note::SplitBrainDecided{peer, decision, facts});
    }
    if (loses || !owns) concede(peer, theirs->cell, note::Conceded::By::policy, out);
}

void MirrorMachine::concede(Slot winner, Cell const& theirs, note::Conceded::By by, Outbox& out) {
    VERIFY(std::holds_alternative<passage::None>(passage_));
    open_ = false;
    watched_in_sync_ = false;
    unrecorded_ = 0;
    next_ = Generation{};
    Generation const given_up = cell().current;
    Generation const back_to = last_shared(cell(), theirs, winner, config_->self);
    passage::Conceding conceding;
    conceding.version = cells_.edit([&](Cell& cell) {
        cell.go_back_to(back_to);
        // It wrote as a source, wherever it stands now: only a node that can merge both logs may
        // copy less than everything (R22).
        cell.role = Role::source;
        cell.resync = 0;
    });
    passage_ = conceding;
    out.note(note::Conceded{winner, given_up, back_to, by});
    set_flag(note::FlagChanged::Which::last_owner, false, out);
    set_flag(note::FlagChanged::Which::data_corrupt, false, out);
    if (cell().data > DataState::outdated) set_data(DataState::outdated, out);
    // Pages are stamped with the generation that is given up; a stamp that the cell does not know
    // would make every bit count as set (G13).
    log_.stamp_again();
    for (std::size_t i = 0; i < flights_.size();) {
        if (flights_[i].stage != Flight::Stage::waiting) {
            ++i;
            continue;
        }
        out.put(output::HostReply{flights_.take(i).request, HostStatus::not_in_service, {}});
    }
    waiting_ = 0;
    // Whose target it was belongs to the losers; and its own targets have to be named themselves.
    for_each_peer([&](Slot peer) {
        if (std::holds_alternative<leg::Following>(legs_[peer.value])) close_leg(peer, out);
    });
    close_targets(out);
    acknowledge_all(out);
}

std::optional<SplitBrainLoss> MirrorMachine::split_brain_loss(Slot peer) const {
    auto const* handshaking = std::get_if<leg::Handshaking>(&legs_[peer.value]);
    bool const heard = handshaking != nullptr && handshaking->theirs != nullptr;
    if (!heard || (peers() & bit_of(peer)) == 0) return std::nullopt;
    Hello const& theirs = *handshaking->theirs;
    Kinship const kinship = relate(cell(), config_->self, theirs.cell, peer).kinship;
    bool const parted = kinship == Kinship::diverged || kinship == Kinship::unrelated;
    if (!parted && !split(peer)) return std::nullopt;
    // A log counts from a generation that both have held; a log that is not kept, from the start of
    // the process only.
    SplitBrainLoss loss;
    if (log_.kept() && last_shared(cell(), theirs.cell, peer, config_->self)) {
        loss.own = log_.bits(peer).count();
    }
    if (theirs.intent_log && last_shared(theirs.cell, cell(), config_->self, peer)) {
        loss.peers = theirs.bits ? theirs.bits->count() : 0;
    }
    loss.peer_goes_on = theirs.in_service || theirs.cell.apart != Apart::no;
    return loss;
}

/// What was on its way to the own disk comes to its end first: a resync must not be overtaken by
/// it.
void MirrorMachine::concession_advance(passage::Conceding const& conceding, Outbox& out) {
    bool const busy = !flights_.empty() || !queue_.empty() || !applying_.empty() ||
                      barrier_.kind != Barrier::Kind::none;
    if (busy || !cells_.is_stable(conceding.version)) return;
    passage_ = passage::None{};
    ++conceded_;
    if (!mutant(Mutant::concession_untold)) greet_all(out);
}

}  // namespace sunder::replication
