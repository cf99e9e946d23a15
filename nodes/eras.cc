// SPDX-License-Identifier: BSD-3-Clause
//
// Eras: whom a promotion asks to store its own, and how long it waits for that; and what is
// answered to those who ask. What is awaited of a peer that is heard and does not answer, because
// its disk hangs, is decided by gate.h.
#include "base/verify.h"
#include "nodes/node_machine.h"

namespace sunder::nodes {

namespace {
std::uint8_t only(Slot slot) { return static_cast<std::uint8_t>(1U << slot.value); }
}  // namespace

/// The group stores it; the answer goes out with the report that says so.
void NodeMachine::era_raised(std::size_t r, Slot slot, Era era, Outbox& out) {
    GroupId const group = config_->resources[r].group;
    out.put(output::GroupCommand{group, replication::command::RaiseEra{era}});
    Resource& resource = resources_[r];
    if (resource.report.cell && resource.report.cell->era >= era) {
        out.put(output::Send{config_->resources[r].members[slot.value],
                             control::EraStored{group, era}});
    } else {
        resource.era_asked[slot.value] = era;
    }
}

/// Every copy that can be reached stores the era before this one comes in service.
void NodeMachine::ask_for_era(std::size_t r, Slot slot, Outbox& out) {
    auto* promoting = std::get_if<resource::Promoting>(&resources_[r].state);
    if (promoting == nullptr || promoting->commanded) return;
    promoting->awaits |= only(slot);
    promoting->overdue &= static_cast<std::uint8_t>(~only(slot));
    ResourceConfig const& config = config_->resources[r];
    NodeId const peer = config.members[slot.value];
    out.put(output::Send{peer, control::RaiseEra{config.group, promoting->era}});
    std::uint16_t const ask = ++resources_[r].era_asks[slot.value];
    out.put(output::ArmEraWait{config.group, peer, ask});
}

void NodeMachine::era_stored(std::size_t r, Slot slot, Era era, Outbox& out) {
    auto* promoting = std::get_if<resource::Promoting>(&resources_[r].state);
    if (promoting == nullptr || era < promoting->era) return;
    promoting->awaits &= static_cast<std::uint8_t>(~only(slot));
    if ((promoting->overdue & only(slot)) != 0) spare(config_->resources[r].members[slot.value]);
    advance_promotion(r, out);
}

bool NodeMachine::awaits_era(input::EraWaitOver const& wait) const {
    std::optional<std::size_t> const r = find(wait.group);
    std::optional<Slot> const slot = r ? slot_of(*r, wait.peer) : std::nullopt;
    VERIFY(slot.has_value());
    auto const* promoting = std::get_if<resource::Promoting>(&resources_[*r].state);
    return promoting != nullptr && !promoting->commanded &&
           (promoting->awaits & ~promoting->overdue & only(*slot)) != 0 &&
           resources_[*r].era_asks[slot->value] == wait.ask;
}

void NodeMachine::era_wait_over(input::EraWaitOver const& in, Outbox& out) {
    if (!awaits_era(in)) return;
    std::size_t const r = *find(in.group);
    Slot const slot = *slot_of(r, in.peer);
    std::get<resource::Promoting>(resources_[r].state).overdue |= only(slot);
    out.note(note::EraUnanswered{in.group, in.peer, era_rule(r, slot)});
    advance_promotion(r, out);
}

EraRule NodeMachine::era_rule(std::size_t r, Slot slot) const {
    auto const& promoting = std::get<resource::Promoting>(resources_[r].state);
    EraFacts facts;
    facts.overdue = (promoting.overdue & only(slot)) != 0;
    facts.forced = promoting.forced;
    facts.guarded = config_->guarded;
    facts.fencing = config_->fencing;
    facts.never = never_serves(r, slot);
    facts.shot = members_.fencing(config_->resources[r].members[slot.value]);
    return decide_era_wait(facts);
}

/// Who is to be shot is.
bool NodeMachine::awaits_eras(std::size_t r, Outbox& out) {
    auto const& promoting = std::get<resource::Promoting>(resources_[r].state);
    bool awaits = false;
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        if ((promoting.awaits & only(slot)) == 0) return;
        EraRule const rule = era_rule(r, slot);
        if (rule == EraRule::shot_first) shoot(peer, out);
        awaits = awaits || !goes_on(rule);
    });
    return awaits;
}

std::optional<EraRule> NodeMachine::overdue_era(std::size_t r) const {
    auto const* promoting = std::get_if<resource::Promoting>(&resources_[r].state);
    if (promoting == nullptr || promoting->commanded) return std::nullopt;
    std::optional<EraRule> found;
    for_each_peer(r, [&](Slot slot, NodeId) {
        if ((promoting->awaits & promoting->overdue & only(slot)) != 0) found = era_rule(r, slot);
    });
    return found;
}

/// It answers after all, or is not asked any more: a shot that was not fired yet is not.
void NodeMachine::spare(NodeId peer) {
    bool const waits = members_.fencing(peer) == GateFacts::Fencing::under_way;
    if (waits && members_.audible(peer)) members_.answered(peer);
}

void NodeMachine::spare_overdue(std::size_t r) {
    auto const& promoting = std::get<resource::Promoting>(resources_[r].state);
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        if ((promoting.awaits & promoting.overdue & only(slot)) != 0) spare(peer);
    });
}

}  // namespace sunder::nodes
