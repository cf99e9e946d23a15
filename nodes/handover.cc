// SPDX-License-Identifier: BSD-3-Clause
//
// The mirror moves from one node to another while both live: an operator's switchover (R96), and a
// source whose disk fails (DESIGN 4). The target asks, the source decides last, and leaves only
// while the leg stands.
#include "base/mutant.h"
#include "base/verify.h"
#include "nodes/node_machine.h"

#include <algorithm>
#include <utility>

namespace sunder::nodes {

SwitchoverFacts NodeMachine::switchover_facts(std::size_t r) const {
    Resource const& resource = resources_[r];
    SwitchoverFacts facts;
    facts.in_sync = resource.report.copy == replication::CopyState::in_sync;
    facts.quorum = has_quorum(members_.quorum());
    facts.never = never_serves(r, config_->resources[r].self);
    facts.busy = !std::holds_alternative<resource::OutOfService>(resource.state);
    if (resource.report.open) facts.serving = SwitchoverFacts::Serving::here;
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        Known const& known = resource.known[slot.value];
        facts.peer_reachable = facts.peer_reachable || members_.connected(peer);
        if (!known.in_service) return;
        if (!resource.report.open) facts.serving = SwitchoverFacts::Serving::peer;
    });
    if (std::optional<Slot> const source = serving_peer(r)) {
        facts.leg = resource.report.legs[source->value];
    }
    return facts;
}

void NodeMachine::switch_over(input::SwitchOver const& in, Outbox& out) {
    std::optional<std::size_t> const r = find(in.group);
    VERIFY(r.has_value());
    if (refuses_unextended(r, in.request, out)) return;
    Resource& resource = resources_[*r];
    SwitchoverRule const rule = resource.report.cell ? decide_switchover(switchover_facts(*r))
                                                     : SwitchoverRule::in_transition;
    if (rule != SwitchoverRule::granted) {
        out.note(note::SwitchoverRefused{in.group, rule});
        out.put(output::AdminReply{in.request, false, text_of(rule).name});
        return;
    }
    begin_taking_over(*r, *serving_peer(*r), in.request, out);
}

/// The peer that has it in service; of several, the one that mirrors to this copy.
std::optional<Slot> NodeMachine::serving_peer(std::size_t r) const {
    Resource const& resource = resources_[r];
    std::optional<Slot> found;
    for_each_peer(r, [&](Slot slot, NodeId) {
        bool const mirrors = resource.report.legs[slot.value] == replication::LegState::mirroring;
        if (resource.known[slot.value].in_service && (!found || mirrors)) found = slot;
    });
    return found;
}

void NodeMachine::begin_taking_over(std::size_t r, Slot source, std::optional<AdminId> admin,
                                    Outbox& out) {
    ResourceConfig const& config = config_->resources[r];
    resources_[r].state = resource::TakingOver{source, admin};
    out.note(note::SwitchoverStarted{config.group});
    claim(r, out);
    out.put(output::Send{config.members[source.value], control::GiveUp{config.group}});
}

/// The source's disk fails. What it says of its leg it says again when it is asked to leave.
void NodeMachine::asked_to_take_over(std::size_t r, Slot slot, Outbox& out) {
    Resource const& resource = resources_[r];
    // The disk may refuse more while this node is taking over from it already.
    auto const* taking = std::get_if<resource::TakingOver>(&resource.state);
    if (taking != nullptr && taking->source == slot) return;
    // Whose own disk fails does not take over; the two would pass the mirror to and fro.
    bool const able = resource.report.cell && resource.report.unfit == 0 &&
                      !resource.above.failed &&
                      decide_switchover(switchover_facts(r)) == SwitchoverRule::granted;
    if (able) {
        begin_taking_over(r, slot, std::nullopt, out);
        return;
    }
    ResourceConfig const& config = config_->resources[r];
    out.put(output::Send{config.members[slot.value], control::TakeOverRefused{config.group}});
}

/// R72: the node of the highest priority takes the mirror back as soon as it finds it elsewhere,
/// whatever its copy is.
void NodeMachine::switch_back(std::size_t r, Slot slot, Outbox& out) {
    Resource& resource = resources_[r];
    ResourceConfig const& config = config_->resources[r];
    bool const rests = std::holds_alternative<resource::OutOfService>(resource.state);
    auto const& priority = resource.hierarchy.priority;
    bool first = true;
    for_each_peer(r, [&](Slot other, NodeId) {
        first = first &&
                (never_serves(r, other) || priority[config.self.value] < priority[other.value]);
    });
    bool const able = !never_serves(r, config.self);
    bool const wants = config.automatic_switchback && first && able && rests &&
                       !resource.switched_back && resource.known[slot.value].in_service;
    if (!wants) return;
    resource.switched_back = true;
    out.note(note::SwitchedBack{config.group});
    resource.state = resource::TakingOver{slot, std::nullopt};
    claim(r, out);
    out.put(output::Send{config.members[slot.value], control::SwitchBack{config.group}});
}

/// R96: out of service on the present source first. Nobody asks whether the other is in sync.
void NodeMachine::give_up_unasked(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    if (!std::holds_alternative<resource::Serving>(resource.state)) return;
    resource.gave_back = true;
    leave(r, {}, out);
}

/// A source whose disk fails, or something that stands on the mirror, asks the targets in sync, one
/// after another in the order of their priorities (R53, R65), once for each thing that failed.
void NodeMachine::find_successor(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    ResourceConfig const& config = config_->resources[r];
    std::uint32_t const failed = failures(r);
    if (failed == 0) {
        resource.asked_to_take_over = {};
        resource.asked_other_server = 0;
    }
    // Whoever leaves while copies have parted may be the last whom all of them would follow.
    bool const split =
        std::ranges::find(resource.report.split, true) != resource.report.split.end();
    bool const asks =
        failed != 0 && !split && std::holds_alternative<resource::Serving>(resource.state);
    if (!asks) resource.asked.reset();
    if (!asks || resource.asked || asks_other_server(r, failed, out)) return;
    std::optional<Slot> next;
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        bool const mirrors = resource.report.legs[slot.value] == replication::LegState::mirroring;
        bool const told = resource.asked_to_take_over[slot.value] == failed;
        if (!mirrors || !members_.connected(peer) || told || never_serves(r, slot)) return;
        auto const& priority = resource.hierarchy.priority;
        if (!next || priority[slot.value] < priority[next->value]) next = slot;
    });
    if (!next) return;
    bool const first = std::ranges::count(resource.asked_to_take_over, 0U) ==
                       std::ranges::ssize(resource.asked_to_take_over);
    resource.asked_to_take_over[next->value] = failed;
    if (config_->blocks_resource_failover) {
        if (first) out.note(note::ResourceFailoverBlocked{config.group});
        return;
    }
    resource.asked = next;
    NodeId const peer = config.members[next->value];
    out.note(note::AskedToTakeOver{config.group, peer, resource.report.unfit == 0});
    out.put(output::Send{peer, control::TakeOver{config.group}});
}

/// Of two servers with one disk the other comes next (R53), unless it is the disk that fails. True
/// until it has answered.
bool NodeMachine::asks_other_server(std::size_t r, std::uint32_t failed, Outbox& out) {
    Resource& resource = resources_[r];
    bool const may_help =
        config_->shares_disk && resource.above.failed && resource.report.unfit == 0;
    if (may_help && std::exchange(resource.asked_other_server, failed) != failed) {
        resource.awaits_other_server = true;
        out.put(output::AskOtherServer{});
    }
    return resource.awaits_other_server;
}

void NodeMachine::no_other_server(Outbox& out) {
    for (std::size_t r = 0; r < resources_.size(); ++r) {
        if (std::exchange(resources_[r].awaits_other_server, false)) find_successor(r, out);
    }
}

/// The copies may differ by what the own disk refused: the leg begins again, and its bits say
/// where.
void NodeMachine::nobody_takes_over(std::size_t r, Slot slot, Outbox& out) {
    ResourceConfig const& config = config_->resources[r];
    Resource& resource = resources_[r];
    if (resource.asked == slot) resource.asked.reset();
    out.note(note::NobodyTakesOver{config.group, config.members[slot.value]});
    if (resource.report.unfit != 0) {
        out.put(output::GroupCommand{config.group, replication::command::PeerGone{slot}});
    }
    find_successor(r, out);
}

/// A peer asks for the resource. The source knows its legs best, so it may still refuse (R41).
void NodeMachine::give_up(std::size_t r, Slot slot, Outbox& out) {
    Resource& resource = resources_[r];
    NodeId const peer = config_->resources[r].members[slot.value];
    GroupId const group = config_->resources[r].group;
    if (resource.asked == slot) resource.asked.reset();
    SwitchoverRule rule = SwitchoverRule::granted;
    if (!std::holds_alternative<resource::Serving>(resource.state) || resource.extending) {
        rule = SwitchoverRule::in_transition;
    } else {
        rule = decide_leaving(resource.report.legs[slot.value]);
    }
    if (rule != SwitchoverRule::granted) {
        out.put(output::Send{peer, control::GiveUpRefused{group, rule}});
        return;
    }
    leave(r, {.for_peer = slot}, out);
}

/// The group would not leave without the peer that asked for it.
void NodeMachine::stayed_in_service(std::size_t r, Slot asker, Outbox& out) {
    GroupId const group = config_->resources[r].group;
    NodeId const peer = config_->resources[r].members[asker.value];
    resources_[r].state = resource::Serving{};
    out.note(note::StayedInService{group, peer});
    raise(r, false, out);
    if (members_.connected(peer)) {
        out.put(output::Send{peer, control::GiveUpRefused{group, SwitchoverRule::leg_lost}});
    }
    if (mutant(Mutant::quorum_loss_overtaken)) return;
    if (!has_quorum(members_.quorum())) leave_without_quorum(r, out);
}

}  // namespace sunder::nodes
