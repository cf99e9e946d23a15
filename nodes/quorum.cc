// SPDX-License-Identifier: BSD-3-Clause
//
// Counting votes.
#include "nodes/quorum.h"

#include "base/mutant.h"

namespace sunder::nodes {

QuorumRule decide_quorum(QuorumFacts const& facts) {
    using Rule = QuorumRule;
    switch (facts.mode) {
        case QuorumMode::none:
            return Rule::not_required;
        case QuorumMode::storage:
            return facts.storage ? Rule::storage_reached : Rule::storage_lost;
        case QuorumMode::majority:
            break;
    }
    if (2 * facts.heard > facts.voters) return Rule::majority;
    // C.8: whoever has lost quorum does not regain it this way; the other half may have it now.
    bool const half = 2 * facts.heard == facts.voters;
    bool const sticky = facts.held || mutant(Mutant::quorum_forgotten);
    return half && facts.tie_breaker && sticky ? Rule::tie_broken : Rule::minority;
}

bool has_quorum(QuorumRule rule) {
    return rule != QuorumRule::minority && rule != QuorumRule::storage_lost;
}

replication::RuleText text_of(QuorumRule rule) {
    using Rule = QuorumRule;
    switch (rule) {
        case Rule::not_required:
            return {"not_required", "R67", "this cluster does not ask for quorum"};
        case Rule::majority:
            return {"majority", "R67", "more than half of the voters hear each other here"};
        case Rule::tie_broken:
            return {"tie_broken", "C.8", "half of the voters, a tie-breaker, and quorum until now"};
        case Rule::minority:
            return {"minority", "R67, R70", "no more than half of the voters are heard"};
        case Rule::storage_reached:
            return {"storage_reached", "R67", "the quorum disk is reached"};
        case Rule::storage_lost:
            return {"storage_lost", "R67", "the quorum disk is not reached"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

std::string_view name_of(LossAction action) {
    switch (action) {
        case LossAction::reboot:
            return "reboot";
        case LossAction::halt:
            return "halt";
        case LossAction::leave_service:
            return "leave service";
    }
    return "";
}

}  // namespace sunder::nodes
