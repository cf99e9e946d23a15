// SPDX-License-Identifier: BSD-3-Clause
//
// What has to come before a mirror is taken from nodes that cannot be heard: votes are counted, an
// administrator is asked, the silent are shot. And what happens to a node that lost quorum.
#include "base/mutant.h"
#include "nodes/node_machine.h"

#include <algorithm>

namespace sunder::nodes {

void NodeMachine::members_changed(Outbox& out) {
    if (config_->quorum.ask_witnesses) {
        for (NodeId const peer : config_->peers) tell_whom_it_hears(peer, out);
    }
    QuorumRule const before = members_.quorum();
    bool const lost = members_.loses_quorum();
    if (members_.quorum() != before) out.note(note::QuorumChanged{members_.quorum()});
    if (lost) {
        LossAction const action = config_->quorum.on_loss;
        out.note(note::QuorumLost{action});
        switch (action) {
            case LossAction::reboot:
            case LossAction::halt:
                out.put(output::Stop{action == LossAction::reboot});
                return;
            case LossAction::leave_service:
                for (std::size_t r = 0; r < resources_.size(); ++r) leave_without_quorum(r, out);
                break;
        }
    }
    reconsider_all(out);
}

void NodeMachine::tell_whom_it_hears(NodeId peer, Outbox& out) {
    if (!config_->quorum.ask_witnesses || !members_.connected(peer)) return;
    out.put(output::Send{peer, control::Hears{members_.hears()}});
}

void NodeMachine::leave_without_quorum(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    if (config_->quorum.on_loss != LossAction::leave_service) return;
    if (mutant(Mutant::quorum_ignored)) return;
    if (auto* leaving = std::get_if<resource::Leaving>(&resource.state);
        leaving != nullptr && leaving->waits && !leaving->regardless) {
        leaving->regardless = true;  // nothing may hold it up any more
        leaving->for_peer.reset();
        lower(r, true, out);
        return;
    }
    if (!std::holds_alternative<resource::Serving>(resource.state)) return;
    leave(r, {.regardless = true}, out);
}

GateFacts NodeMachine::gate_facts(std::size_t r, InServiceDecision decision) const {
    GateFacts facts;
    facts.quorum = has_quorum(members_.quorum());
    facts.switched_back = resources_[r].gave_back;
    // A faithful owner that returns asks nobody who is silent.
    if (decision.rule != InServiceRule::failover && !config_->guarded) return facts;
    for_each_suspect(r, [&](NodeId peer) {
        facts.takes_over = true;
        facts.heard_by_others = facts.heard_by_others ||
                                (config_->quorum.ask_witnesses && members_.heard_by_others(peer));
        facts.confirmation = std::max(facts.confirmation, members_.confirmation(peer));
        facts.fencing = std::max(facts.fencing, members_.fencing(peer));
    });
    if (facts.takes_over) facts.quorum = facts.quorum && members_.has_quorum_in_touch();
    return facts;
}

/// What has to be begun is begun; the way is open when all of it has ended well.
bool NodeMachine::passes_gate(std::size_t r, InServiceDecision decision, Outbox& out) {
    Resource& resource = resources_[r];
    for (;;) {
        GateFacts const asked = gate_facts(r, decision);
        GateRule const rule = decide_gate(asked);
        bool const news = rule != resource.gate;
        resource.gate = rule;
        if (news && rule != GateRule::open) {
            out.note(note::GateDecided{config_->resources[r].group, rule, asked});
        }
        if (rule == GateRule::confirmation_needed) {
            for_each_suspect(r, [&](NodeId peer) { ask_for_confirmation(peer, out); });
        } else if (rule == GateRule::fencing_needed) {
            for_each_suspect(r, [&](NodeId peer) { shoot(peer, out); });
        } else {
            return rule == GateRule::open;
        }
    }
}

void NodeMachine::ask_for_confirmation(NodeId peer, Outbox& out) {
    if (members_.confirmation(peer) != GateFacts::Confirmation::not_asked) return;
    Duration const within = config_->confirm.timeout;
    if (within == Duration{}) {  // R64: never automatic, or always
        confirmed(peer, config_->confirm.proceeds, note::Confirmed::By::timeout, out);
        return;
    }
    members_.confirmation(peer, GateFacts::Confirmation::awaited);
    out.note(note::ConfirmationAsked{peer, within});
    out.put(output::ArmConfirmation{peer, within, members_.silence(peer)});
}

void NodeMachine::confirmed(NodeId peer, bool proceeds, note::Confirmed::By by, Outbox& out) {
    members_.confirmation(
        peer, proceeds ? GateFacts::Confirmation::given : GateFacts::Confirmation::refused);
    out.note(note::Confirmed{peer, proceeds, by});
}

void NodeMachine::confirmation_over(input::ConfirmationOver const& in, Outbox& out) {
    if (members_.silence(in.peer) != in.silence) return;
    if (members_.confirmation(in.peer) != GateFacts::Confirmation::awaited) return;
    confirmed(in.peer, config_->confirm.proceeds, note::Confirmed::By::timeout, out);
    reconsider_all(out);
}

/// True when the two share mirrors, and the own copy of each is a target for ever.
bool NodeMachine::takes_nothing_over(NodeId peer) const {
    bool shares = false;
    for (std::size_t r = 0; r < resources_.size(); ++r) {
        if (!slot_of(r, peer)) continue;
        if (!never_serves(r, config_->resources[r].self)) return false;
        shares = true;
    }
    return shares;
}

/// An administrator who says that a node is dead also answers for a shot that failed. What was
/// blocked because he did not answer, or said no, may be confirmed as long as the silence lasts
/// (R63); where nobody is ever asked, the mirror is brought in service by hand (R64).
void NodeMachine::confirm_failover(input::ConfirmFailover const& in, Outbox& out) {
    bool const known = std::ranges::find(config_->peers, in.peer) != config_->peers.end();
    bool const asked = known && members_.confirmation(in.peer) == GateFacts::Confirmation::awaited;
    bool const blocked =
        known && members_.confirmation(in.peer) == GateFacts::Confirmation::refused;
    bool const late = blocked && config_->confirm.timeout != Duration{};
    bool const missed = known && members_.fencing(in.peer) == GateFacts::Fencing::failed;
    ConfirmRule rule = ConfirmRule::nothing_to_confirm;
    if (asked || ((missed || late) && in.proceeds)) {
        rule = ConfirmRule::granted;
    } else if (known && takes_nothing_over(in.peer)) {
        rule = ConfirmRule::never_in_service;
    }
    out.put(output::AdminReply{in.request, rule == ConfirmRule::granted, text_of(rule).name});
    if (rule != ConfirmRule::granted) return;
    if (asked || late) confirmed(in.peer, in.proceeds, note::Confirmed::By::administrator, out);
    if (missed && in.proceeds) {
        members_.fencing(in.peer, GateFacts::Fencing::done);
        out.note(note::Confirmed{in.peer, true, note::Confirmed::By::administrator});
    }
    reconsider_all(out);
}

void NodeMachine::shoot(NodeId peer, Outbox& out) {
    if (members_.fencing(peer) != GateFacts::Fencing::not_begun) return;
    members_.fencing(peer, GateFacts::Fencing::under_way);
    out.put(output::ArmShot{peer, members_.silence(peer)});
}

/// Who was heard meanwhile is no suspect, and who has lost quorum meanwhile shoots nobody.
void NodeMachine::shot_due(input::ShotDue const& in, Outbox& out) {
    bool const waits = members_.silence(in.peer) == in.silence &&
                       members_.fencing(in.peer) == GateFacts::Fencing::under_way;
    if (!waits) return;
    if (!has_quorum(members_.quorum())) {
        members_.fencing(in.peer, GateFacts::Fencing::not_begun);
        return;
    }
    out.note(note::FencingStarted{in.peer});
    out.put(output::Shoot{in.peer});
}

void NodeMachine::fenced(input::Fenced const& in, Outbox& out) {
    out.note(note::FencingEnded{in.peer, in.dead});
    // One that was heard meanwhile is no suspect any more. One that is silent again, and has
    // another shot on its way, is as dead by this one.
    if (members_.fencing(in.peer) != GateFacts::Fencing::under_way) return;
    members_.fencing(in.peer, in.dead ? GateFacts::Fencing::done : GateFacts::Fencing::failed);
    reconsider_all(out);
}

/// A target for ever cannot take over, whatever it knows; nobody waits for its word, nor shoots it.
void NodeMachine::leave_behind_who_never_promotes(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    for_each_peer(r, [&](Slot slot, NodeId) {
        if (!never_serves(r, slot) || !goes_on_without(r, slot)) return;
        bool const awaited = (resource.report.unrecorded & replication::bit_of(slot)) != 0;
        bool& told = resource.told_dead[slot.value];
        if (told && !awaited) return;
        told = true;
        out.put(output::GroupCommand{config_->resources[r].group,
                                     replication::command::PeerKnowsOutdated{slot}});
    });
}

/// A guarded source acknowledges nothing without a peer that may still take over. One that is
/// silent is shot; dead, it comes back as one that has not watched this source any more.
void NodeMachine::fence_who_may_promote(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    // A source that leaves has promised answers, too.
    bool const serves = std::holds_alternative<resource::Serving>(resource.state) ||
                        std::holds_alternative<resource::Leaving>(resource.state);
    if (!config_->guarded || !serves) return;
    leave_behind_who_never_promotes(r, out);
    if (!config_->fencing) return;
    if (!has_quorum(members_.quorum())) return;
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        if (members_.audible(peer) || !goes_on_without(r, slot) || never_serves(r, slot)) return;
        bool const died = members_.contact(peer) == InServiceFacts::Contact::watched_die;
        if (!died && !members_.mute(peer)) return;
        shoot(peer, out);
        bool& told = resource.told_dead[slot.value];
        if (told || members_.fencing(peer) != GateFacts::Fencing::done) return;
        told = true;
        out.put(output::GroupCommand{config_->resources[r].group,
                                     replication::command::PeerKnowsOutdated{slot}});
    });
}

namespace {

constexpr replication::RuleText own_disk_refuses{
    "disk_failed", "R65, DESIGN 4", "the own disk failed, and keeps it from coming in service"};
constexpr replication::RuleText was_handed_over{"handed_over", "R41, R96",
                                                "the source left service for this node"};

}  // namespace

bool NodeMachine::waits_at_gate(std::size_t r) const {
    Resource const& resource = resources_[r];
    return resource.decision && resource.decision->answer == Answer::come_in &&
           resource.gate != GateRule::open &&
           std::holds_alternative<resource::OutOfService>(resource.state);
}

std::optional<replication::RuleText> NodeMachine::last_rule(std::size_t r) const {
    Resource const& resource = resources_[r];
    if (!is_extended_here(r)) return text_of(ExtensionRule::not_extended);
    if (std::holds_alternative<resource::Refused>(resource.state)) return own_disk_refuses;
    bool const came_in = std::holds_alternative<resource::Serving>(resource.state) ||
                         std::holds_alternative<resource::Promoting>(resource.state);
    if (std::optional<EraRule> const waits = overdue_era(r)) return text_of(*waits);
    if (!resource.decision) return std::nullopt;
    // What was decided before about coming in by itself has nothing to do with it.
    if (came_in && resource.decision->answer != Answer::come_in) return was_handed_over;
    return waits_at_gate(r) ? text_of(resource.gate) : text_of(resource.decision->rule);
}

}  // namespace sunder::nodes
