// SPDX-License-Identifier: BSD-3-Clause
//
// The refusals of a manual switchover, and their order.
#include "nodes/switchover.h"

namespace sunder::nodes {

SwitchoverRule decide_leaving(replication::LegState leg) {
    using Rule = SwitchoverRule;
    switch (leg) {
        case replication::LegState::resyncing:
            return Rule::resync_in_progress;
        case replication::LegState::paused:
            return Rule::mirror_is_paused;
        case replication::LegState::disconnected:
        case replication::LegState::handshaking:
            return Rule::mirror_not_in_sync;
        case replication::LegState::mirroring:
            break;
    }
    return Rule::granted;
}

SwitchoverRule decide_switchover(SwitchoverFacts const& facts) {
    using Rule = SwitchoverRule;
    if (facts.never) return Rule::never_in_service;
    if (facts.serving == SwitchoverFacts::Serving::here) return Rule::already_in_service;
    if (facts.busy) return Rule::in_transition;
    if (!facts.peer_reachable) return Rule::source_unreachable;
    if (facts.serving == SwitchoverFacts::Serving::nowhere) return Rule::nothing_in_service;
    if (!facts.quorum) return Rule::no_quorum;
    Rule const leg = decide_leaving(facts.leg);
    if (leg != Rule::granted) return leg;
    return facts.in_sync ? Rule::granted : Rule::mirror_not_in_sync;
}

replication::RuleText text_of(SwitchoverRule rule) {
    using Rule = SwitchoverRule;
    switch (rule) {
        case Rule::granted:
            return {"granted", "R41, R96",
                    "the mirror is in the mirroring state, so it can be moved"};
        case Rule::already_in_service:
            return {"already_in_service", "R96", "it is in service on this node"};
        case Rule::in_transition:
            return {"in_transition", "R96", "it is on its way into or out of service"};
        case Rule::source_unreachable:
            return {"source_unreachable", "R96", "the peer cannot be asked to leave service"};
        case Rule::nothing_in_service:
            return {"nothing_in_service", "R96",
                    "it is in service nowhere, so there is nothing to move"};
        case Rule::resync_in_progress:
            return {"resync_in_progress", "R41",
                    "a resync is in progress; wait until it has finished"};
        case Rule::mirror_is_paused:
            return {"mirror_is_paused", "R41, R61", "the mirror is paused; resume it first"};
        case Rule::mirror_not_in_sync:
            return {"mirror_not_in_sync", "R41", "the mirror is not in the mirroring state"};
        case Rule::leg_lost:
            return {"leg_lost", "R41, LIV-3",
                    "the leg was lost while the source was leaving, so the source goes on serving"};
        case Rule::resource_does_not_stop:
            return {"resource_does_not_stop", "R92, R99",
                    "a resource that stands on the mirror does not stop, so it stays"};
        case Rule::no_quorum:
            return {"no_quorum", "R67", "a node without quorum must not bring anything in service"};
        case Rule::never_in_service:
            return {"never_in_service", "R1",
                    "the copy here is a target for ever; another one has to serve"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

}  // namespace sunder::nodes
