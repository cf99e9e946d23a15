// SPDX-License-Identifier: BSD-3-Clause
//
// An operator names this node the loser of a split brain: the facts of that decision, and the way
// of the resource out of service until its group has given up what it wrote (R33).
#include "nodes/node_machine.h"

namespace sunder::nodes {

using replication::Kinship;

ResolutionFacts NodeMachine::resolution_facts(std::size_t r, Slot slot) const {
    using Winner = ResolutionFacts::Winner;
    Resource const& resource = resources_[r];
    ResolutionFacts facts;
    bool const at_rest = std::holds_alternative<resource::OutOfService>(resource.state) ||
                         std::holds_alternative<resource::Refused>(resource.state) ||
                         std::holds_alternative<resource::Serving>(resource.state);
    facts.in_transition = !at_rest || !resource.report.cell || resource.report.passing;
    Known const& known = resource.known[slot.value];
    if (!members_.connected(config_->resources[r].members[slot.value])) return facts;
    facts.winner = Winner::silent;
    if (!known.cell || known.taking_over || known.conceding || !resource.report.cell) return facts;
    replication::Relation const relation =
        replication::relate(*resource.report.cell, config_->resources[r].self, *known.cell, slot);
    // What a source copies here it has itself: that one is the party, and would be left.
    bool follows = false;
    for_each_peer(r, [&](Slot other, NodeId) {
        bool const leads = resource.known[other.value].in_service &&
                           resource.report.legs[other.value] >= replication::LegState::resyncing;
        follows = follows || (leads && other != slot && !resource.report.open);
    });
    if (follows) {
        facts.winner = Winner::kin;
    } else if (later(r, slot) == InServiceFacts::Later::diverged) {
        facts.winner = Winner::parted;
    } else if (later(r, slot) == InServiceFacts::Later::self && known.in_service &&
               relation.kinship == Kinship::self_later && !resource.report.open) {
        facts.winner = Winner::overtaken;
    } else {
        facts.winner = Winner::kin;
    }
    return facts;
}

void NodeMachine::resolve_split_brain(input::ResolveSplitBrain const& in, Outbox& out) {
    std::optional<std::size_t> const r = find(in.group);
    if (refuses_unextended(r, in.request, out)) return;
    std::optional<Slot> winner;
    ResolutionFacts facts;
    facts.has_copy = r.has_value();
    if (r) {
        // Of several others the one that has parted is meant; the one in service, if there is one.
        for_each_peer(*r, [&](Slot slot, NodeId) {
            ResolutionFacts const these = resolution_facts(*r, slot);
            auto const granted = [](ResolutionFacts const& f) {
                return decide_resolution(f) == ResolutionRule::granted;
            };
            bool const serves = resources_[*r].known[slot.value].in_service;
            bool const better = !winner || (granted(these) && (serves || !granted(facts)));
            if (!better) return;
            winner = slot;
            facts = these;
        });
    }
    ResolutionRule const rule = decide_resolution(facts);
    out.note(note::ResolutionDecided{in.group, rule});
    if (rule != ResolutionRule::granted) {
        out.put(output::AdminReply{in.request, false, text_of(rule).name});
        return;
    }
    Resource& resource = resources_[*r];
    bool const served = std::holds_alternative<resource::Serving>(resource.state);
    resource.state = resource::Conceding{in.request, *winner, served};
    out.put(
        output::Send{config_->resources[*r].members[winner->value], control::Concede{in.group}});
    claim(*r, out);
}

/// Whoever has been named the loser, too, is nobody's winner; both would lose.
void NodeMachine::concede_asked(std::size_t r, Slot slot, Outbox& out) {
    Resource& resource = resources_[r];
    bool const granted = !std::holds_alternative<resource::Conceding>(resource.state);
    resource.known[slot.value].conceding = granted;
    out.put(output::Send{config_->resources[r].members[slot.value],
                         control::ConcedeAnswered{config_->resources[r].group, granted}});
}

void NodeMachine::concede_answered(std::size_t r, Slot slot, bool granted, Outbox& out) {
    Resource& resource = resources_[r];
    auto* conceding = std::get_if<resource::Conceding>(&resource.state);
    if (conceding == nullptr || conceding->winner != slot || conceding->commanded) return;
    Known const& known = resource.known[slot.value];
    if (!granted || !known.cell || resource.report.passing) {
        concession_refused(
            r, granted ? ResolutionRule::in_transition : ResolutionRule::both_were_named, out);
        return;
    }
    conceding->granted = true;
    conceding->stuck = resource.above.stuck;
    if (stands_free(r)) {
        concede(r, out);
    } else {
        lower(r, false, out);
    }
}

/// Nothing stands on the mirror any more, and its group gives up what it wrote.
void NodeMachine::concede(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    auto& conceding = std::get<resource::Conceding>(resource.state);
    std::shared_ptr<Cell const> const& winner = resource.known[conceding.winner.value].cell;
    if (!winner || resource.report.passing) {
        concession_refused(r, ResolutionRule::in_transition, out);
        return;
    }
    conceding.commanded = true;
    conceding.conceded = resource.report.conceded;
    out.put(output::GroupCommand{config_->resources[r].group,
                                 replication::command::Concede{conceding.winner, winner}});
}

void NodeMachine::concession_refused(std::size_t r, ResolutionRule rule, Outbox& out) {
    Resource& resource = resources_[r];
    auto const conceding = std::get<resource::Conceding>(resource.state);
    GroupId const group = config_->resources[r].group;
    if (resource.report.open) {
        resource.state = resource::Serving{};
        raise(r, false, out);
    } else {
        resource.state = resource::OutOfService{};
    }
    out.note(note::ResolutionDecided{group, rule});
    out.put(output::AdminReply{conceding.admin, false, text_of(rule).name});
    claim(r, out);
    if (serving(r) && !has_quorum(members_.quorum())) leave_without_quorum(r, out);
}

/// The group has given up what it wrote, stably.
void NodeMachine::conceded(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    auto const conceding = std::get<resource::Conceding>(resource.state);
    GroupId const group = config_->resources[r].group;
    resource.state = resource::OutOfService{};
    resource.decision.reset();
    if (conceding.served) out.note(note::LeftService{group});
    out.put(output::AdminReply{conceding.admin, true, text_of(ResolutionRule::granted).name});
}

}  // namespace sunder::nodes
