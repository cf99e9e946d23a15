// SPDX-License-Identifier: BSD-3-Clause
//
// The refusals of an order, their order, and what a granted one starts.
#include "nodes/orders.h"

#include "base/verify.h"
#include "nodes/node_machine.h"
#include "nodes/overtaken.h"

namespace sunder::nodes {

OrderRule decide_order(OrderFacts const& facts) {
    using Rule = OrderRule;
    using Kind = Order::Kind;
    if (!facts.has_copy) return Rule::no_copy_here;
    if (!facts.has_target) return Rule::no_such_target;
    if (facts.in_transition) return Rule::in_transition;
    switch (facts.kind) {
        case Kind::pause:
            if (!facts.serves) return Rule::not_in_service_here;
            return facts.paused ? Rule::already_paused : Rule::granted;
        case Kind::resume:
            if (!facts.serves) return Rule::not_in_service_here;
            return facts.paused ? Rule::granted : Rule::not_paused;
        case Kind::leave_service:
            return facts.serves ? Rule::granted : Rule::not_in_service_here;
        case Kind::enter_service:
            if (facts.failed) return Rule::granted;
            return facts.serves ? Rule::already_in_service : Rule::granted;
        case Kind::set_intent_log:
            return facts.intent_log ? Rule::granted : Rule::no_intent_log;
        case Kind::clear_intent_log:
        case Kind::enable_asynchronous:
            if (!facts.intent_log) return Rule::no_intent_log;
            return facts.serves ? Rule::still_in_service : Rule::granted;
        case Kind::use_fallback_image:
            if (facts.serves) return Rule::still_in_service;
            if (facts.followed) return Rule::source_is_here;
            return facts.image ? Rule::granted : Rule::no_fallback_image;
    }
    return Rule::granted;
}

replication::RuleText text_of(OrderRule rule) {
    using Rule = OrderRule;
    switch (rule) {
        case Rule::granted:
            return {"granted", "R79", "nothing stands against it"};
        case Rule::no_copy_here:
            return {"no_copy_here", "R79", "this node has no copy of the mirror"};
        case Rule::no_such_target:
            return {"no_such_target", "R57", "no other copy is meant by this"};
        case Rule::in_transition:
            return {"in_transition", "R96",
                    "it is on its way into or out of service, or another order is under way"};
        case Rule::not_in_service_here:
            return {"not_in_service_here", "R57, R97", "only the source can do this"};
        case Rule::already_paused:
            return {"already_paused", "R57", "the mirror towards this target is paused"};
        case Rule::not_paused:
            return {"not_paused", "R59", "the mirror towards this target is not paused"};
        case Rule::already_in_service:
            return {"already_in_service", "R96", "it is in service on this node"};
        case Rule::still_in_service:
            return {"still_in_service", "R88",
                    "hosts use it on this node; take the mirror out of service first"};
        case Rule::no_intent_log:
            return {"no_intent_log", "R18", "this mirror keeps no intent log"};
        case Rule::no_fallback_image:
            return {"no_fallback_image", "DESIGN 4",
                    "no image of this copy from before a resync is kept"};
        case Rule::source_is_here:
            return {"source_is_here", "SAF-4",
                    "a source copies to this node; its data is later than any image"};
        case Rule::resource_failed:
            return {"resource_failed", "R65, R100",
                    "a resource that stands on the mirror failed, and local recovery was in vain"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

std::string_view name_of(Order::Kind kind) {
    switch (kind) {
        case Order::Kind::pause:
            return "pause";
        case Order::Kind::resume:
            return "resume";
        case Order::Kind::leave_service:
            return "leave service";
        case Order::Kind::enter_service:
            return "enter service";
        case Order::Kind::set_intent_log:
            return "set the intent log";
        case Order::Kind::clear_intent_log:
            return "clear the intent log";
        case Order::Kind::enable_asynchronous:
            return "enable asynchronous targets";
        case Order::Kind::use_fallback_image:
            return "use the fallback image";
    }
    return "";
}

namespace {

/// What is wrong with an order whoever is given it, before anything is known of the mirror.
constexpr replication::RuleText no_limit{"no_limit", "R11, R13",
                                         "with nothing outstanding nothing would be sent"};

bool lets_nothing_be_sent(Order const& order) {
    return order.kind == Order::Kind::enable_asynchronous && order.limit == 0;
}

}  // namespace

OrderFacts NodeMachine::order_facts(std::size_t r, std::optional<Slot> target,
                                    Order const& order) const {
    Resource const& resource = resources_[r];
    OrderFacts facts;
    facts.kind = order.kind;
    facts.intent_log = config_->resources[r].intent_log;
    facts.serves = std::holds_alternative<resource::Serving>(resource.state);
    bool const rests = std::holds_alternative<resource::OutOfService>(resource.state) ||
                       std::holds_alternative<resource::Refused>(resource.state);
    facts.in_transition = !(facts.serves || rests) || !resource.report.cell ||
                          resource.report.passing || resource.ordered.has_value() ||
                          resource.raising.has_value() || resource.extending.has_value();
    switch (order.kind) {
        case Order::Kind::pause:
        case Order::Kind::resume:
        case Order::Kind::set_intent_log:
        case Order::Kind::clear_intent_log:
            facts.has_target = target.has_value();
            break;
        case Order::Kind::leave_service:
        case Order::Kind::enter_service:
        case Order::Kind::enable_asynchronous:
        case Order::Kind::use_fallback_image:
            break;
    }
    facts.failed = resource.above.failed;
    facts.image = resource.report.cell && resource.report.cell->fallback.current;
    for (replication::LegState const leg : resource.report.legs) {
        facts.followed = facts.followed || leg == replication::LegState::resyncing ||
                         leg == replication::LegState::mirroring;
    }
    if (target && resource.report.cell) {
        facts.paused = resource.report.cell->peers[target->value].paused;
    }
    return facts;
}

void NodeMachine::order(input::Ordered const& in, Outbox& out) {
    std::optional<std::size_t> const r = find(in.group);
    std::optional<Slot> target;
    OrderFacts facts;
    facts.has_copy = r.has_value();
    if (refuses_unextended(r, in.request, out)) return;
    if (lets_nothing_be_sent(in.order)) {
        out.put(output::AdminReply{in.request, false, no_limit.name});
        return;
    }
    if (r) {
        std::size_t others = 0;
        for_each_peer(*r, [&](Slot slot, NodeId node) {
            ++others;
            if (in.order.target ? node == *in.order.target : others == 1) target = slot;
        });
        if (!in.order.target && others != 1) target.reset();
        facts = order_facts(*r, target, in.order);
    }
    OrderRule const rule = decide_order(facts);
    out.note(note::OrderDecided{in.group, in.order, rule});
    if (rule != OrderRule::granted) {
        out.put(output::AdminReply{in.request, false, text_of(rule).name});
        return;
    }
    carry_out(*r, target, in, out);
}

void NodeMachine::carry_out(std::size_t r, std::optional<Slot> target, input::Ordered const& in,
                            Outbox& out) {
    namespace command = replication::command;
    Resource& resource = resources_[r];
    auto const tell = [&](replication::Command told) {
        resource.ordered = {in.request, resource.report.obeyed};
        out.put(output::GroupCommand{in.group, std::move(told)});
    };
    switch (in.order.kind) {
        case Order::Kind::pause:
            tell(command::Pause{*target, true});
            return;
        case Order::Kind::resume:
            tell(command::Pause{*target, false});
            return;
        case Order::Kind::set_intent_log:
            tell(command::SetAllBits{*target});
            return;
        case Order::Kind::clear_intent_log:
            tell(command::ClearAllBits{*target});
            return;
        case Order::Kind::enable_asynchronous:
            tell(command::EnableAsynchronous{in.order.limit});
            return;
        case Order::Kind::use_fallback_image:
            tell(command::UseFallbackImage{});
            return;
        case Order::Kind::leave_service:
            resource.taken_out = true;
            leave(r, {.admin = in.request}, out);
            return;
        case Order::Kind::enter_service:
            if (std::holds_alternative<resource::Serving>(resource.state)) {
                resource.raising = in.request;
                raise(r, true, out);
                return;
            }
            bring_in(r, in.request, out);
            return;
    }
}

/// The usual decision, asked once as if nobody had taken it out.
void NodeMachine::bring_in(std::size_t r, AdminId admin, Outbox& out) {
    Resource& resource = resources_[r];
    InServiceFacts asked = facts(r, false);
    asked.taken_out = false;
    InServiceDecision const decision = decide_in_service(asked);
    out.note(note::Decided{config_->resources[r].group, decision, asked});
    if (decision.answer != Answer::come_in) {
        out.put(output::AdminReply{admin, false, text_of(decision.rule).name});
        return;
    }
    // Whoever orders this answers for the silence of the others, but cannot shoot them.
    GateFacts gate = gate_facts(r, decision);
    gate.confirmation = GateFacts::Confirmation::given;
    gate.switched_back = false;
    GateRule const rule = decide_gate(gate);
    if (rule != GateRule::open) {
        out.put(output::AdminReply{admin, false, text_of(rule).name});
        return;
    }
    for_each_suspect(r, [&](NodeId peer) {
        if (members_.confirmation(peer) == GateFacts::Confirmation::given) return;
        confirmed(peer, true, note::Confirmed::By::administrator, out);
    });
    resource.decision = decision;
    resource.gave_back = false;
    promote(r, {.admin = admin}, out);
}

/// An operator's word at one node counts at the others, also when that node dies, until it or
/// another comes in service.
void NodeMachine::hear_taken_out(std::size_t r, Slot slot, control::Claim const& said) {
    Resource& resource = resources_[r];
    auto const bit = static_cast<std::uint8_t>(1U << slot.value);
    bool const serves = std::holds_alternative<resource::Serving>(resource.state);
    // It repeats the word with whatever else it says, as long as it has not heard of the other.
    NodeId const peer = config_->resources[r].members[slot.value];
    bool overruled = serves || is_overtaken(said.cell->era, peer, resource.report.watched);
    for_each_peer(r, [&](Slot other, NodeId) {
        Known const& known = resource.known[other.value];
        overruled = overruled || (other != slot && known.in_service && known.cell &&
                                  is_overtaken(said.cell->era, peer, known.cell->era));
    });
    resource.taken_out_at &= static_cast<std::uint8_t>(~bit);
    if (said.taken_out && !overruled) resource.taken_out_at |= bit;
    if (!said.in_service || said.taken_out) return;
    resource.taken_out = false;
    resource.taken_out_at = 0;
}

}  // namespace sunder::nodes
