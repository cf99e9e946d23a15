// SPDX-License-Identifier: BSD-3-Clause
//
// The order of what has to come first: nobody is asked, and nobody is shot, without quorum, and
// nobody is shot whose death an administrator has not confirmed.
#include "nodes/gate.h"

#include "base/mutant.h"

namespace sunder::nodes {

GateRule decide_gate(GateFacts const& facts) {
    using Rule = GateRule;
    using Confirmation = GateFacts::Confirmation;
    using Fencing = GateFacts::Fencing;
    if (!facts.quorum && !mutant(Mutant::quorum_ignored)) return Rule::no_quorum;
    if (facts.switched_back) return Rule::switchback_failed;
    if (!facts.takes_over) return Rule::open;
    if (facts.heard_by_others && !mutant(Mutant::witness_ignored)) return Rule::witness_hears_peer;
    bool const unasked = mutant(Mutant::confirmation_skipped);
    switch (unasked ? Confirmation::given : facts.confirmation) {
        case Confirmation::not_asked:
            return Rule::confirmation_needed;
        case Confirmation::awaited:
            return Rule::awaiting_confirmation;
        case Confirmation::refused:
            return Rule::failover_blocked;
        case Confirmation::given:
            break;
    }
    switch (facts.fencing) {
        case Fencing::not_begun:
            return Rule::fencing_needed;
        case Fencing::under_way:
            return Rule::fencing_under_way;
        case Fencing::failed:
            if (mutant(Mutant::failed_fencing_believed)) break;
            return Rule::fencing_failed;
        case Fencing::done:
            break;
    }
    return Rule::open;
}

replication::RuleText text_of(GateRule rule) {
    using Rule = GateRule;
    switch (rule) {
        case Rule::open:
            return {"open", "R25", "nothing has to come first"};
        case Rule::no_quorum:
            return {"no_quorum", "R67", "a node without quorum must not bring anything in service"};
        case Rule::switchback_failed:
            return {"switchback_failed", "R72",
                    "automatic switchback took it out of service for a copy that was not in sync; "
                    "it has failed on both, until an operator brings it in"};
        case Rule::witness_hears_peer:
            return {"witness_hears_peer", "R67",
                    "another node hears the one that this node takes for dead"};
        case Rule::confirmation_needed:
            return {"confirmation_needed", "R63",
                    "an administrator is asked whether the failed node is dead"};
        case Rule::awaiting_confirmation:
            return {"awaiting_confirmation", "R63, R64",
                    "an administrator has not confirmed yet that the failed node is dead"};
        case Rule::failover_blocked:
            return {"failover_blocked", "R64",
                    "the failover was not confirmed, so an administrator has to act"};
        case Rule::fencing_needed:
            return {"fencing_needed", "C.8", "the failed node is shot before anything is taken"};
        case Rule::fencing_under_way:
            return {"fencing_under_way", "C.8", "the failed node is being shot"};
        case Rule::fencing_failed:
            return {"fencing_failed", "C.8",
                    "the failed node could not be shot, so it may still be serving"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

/// Who has not stored the era may yet follow an earlier source, or take over in ignorance of this
/// one. Faithful nodes do not think of that; guarded ones take nothing over without a shot, so that
/// it needs one to keep them from it, too.
EraRule decide_era_wait(EraFacts const& facts) {
    using Rule = EraRule;
    if (!facts.overdue || mutant(Mutant::hung_copy_awaited)) return Rule::awaits_era;
    if (facts.forced) return Rule::operator_goes_on;
    if (!facts.guarded) return Rule::goes_on;
    if (facts.never || !facts.fencing) return Rule::cannot_take_over;
    switch (facts.shot) {
        case GateFacts::Fencing::not_begun:
            return Rule::shot_first;
        case GateFacts::Fencing::under_way:
            return Rule::shot_under_way;
        case GateFacts::Fencing::failed:
            return Rule::shot_missed;
        case GateFacts::Fencing::done:
            break;
    }
    return Rule::was_shot;
}

bool goes_on(EraRule rule) {
    return rule == EraRule::goes_on || rule == EraRule::operator_goes_on ||
           rule == EraRule::cannot_take_over || rule == EraRule::was_shot;
}

replication::RuleText text_of(EraRule rule) {
    using Rule = EraRule;
    switch (rule) {
        case Rule::awaits_era:
            return {"awaits_era", "SAF-7",
                    "every copy that can be asked stores the era before anything is served in it"};
        case Rule::goes_on:
            return {"goes_on", "FLT-9, R31",
                    "a copy that is heard has not stored the era in time, and nobody waits for it"};
        case Rule::operator_goes_on:
            return {"operator_goes_on", "R87",
                    "a copy that is heard has not stored the era in time, and an operator forces"};
        case Rule::cannot_take_over:
            return {"cannot_take_over", "SAF-7, C.8",
                    "a copy that is heard has not stored the era in time; nothing that it may do "
                    "by itself brings it in service"};
        case Rule::shot_first:
            return {"shot_first", "SAF-7, C.8",
                    "a copy that is heard has not stored the era in time, so it is shot first"};
        case Rule::shot_under_way:
            return {"shot_under_way", "SAF-7, C.8",
                    "the node that has not stored the era in time is being shot"};
        case Rule::shot_missed:
            return {"shot_missed", "SAF-7, C.8",
                    "the node that has not stored the era in time could not be shot: it answers, "
                    "or an administrator confirms that it is dead"};
        case Rule::was_shot:
            return {"was_shot", "SAF-7, C.8", "the node that has not stored the era is dead"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

replication::RuleText text_of(ConfirmRule rule) {
    switch (rule) {
        case ConfirmRule::granted:
            return {"granted", "R63", "this node has asked"};
        case ConfirmRule::nothing_to_confirm:
            return {"nothing_to_confirm", "R63",
                    "this node awaits no confirmation that the other is dead; where failovers are "
                    "never automatic (R64), bring the mirror in service here instead"};
        case ConfirmRule::never_in_service:
            return {"never_in_service", "R1, R63",
                    "this node takes over nothing from the other, dead or not: its copies are "
                    "targets for ever"};
        case ConfirmRule::last:
            break;
    }
    return {"", "", ""};
}

}  // namespace sunder::nodes
