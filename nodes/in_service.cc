// SPDX-License-Identifier: BSD-3-Clause
//
// The rules, by what this node knows of its peer.
#include "nodes/in_service.h"

#include "base/mutant.h"

namespace sunder::nodes {

namespace {

using Facts = InServiceFacts;
using Rule = InServiceRule;

InServiceDecision decide_reachable(Facts const& facts) {
    if (facts.peer == Facts::Peer::unknown) return {Answer::stay_out, Rule::awaiting_peer};
    if (facts.later == Facts::Later::diverged) return {Answer::split_brain, Rule::split_brain};
    if (facts.peer == Facts::Peer::in_service) {
        if (!facts.last_owner) return {Answer::stay_out, Rule::peer_is_source};
        if (facts.later == Facts::Later::self) return {Answer::split_brain, Rule::split_brain};
        return {Answer::clear_last_owner, Rule::peer_took_over};
    }
    if (facts.peer == Facts::Peer::last_owner) {
        if (!facts.last_owner) return {Answer::stay_out, Rule::peer_is_last_owner};
        if (facts.later == Facts::Later::self) {
            if (facts.elsewhere) return {Answer::stay_out, Rule::promoted_elsewhere};
            return {Answer::come_in, Rule::later_owner};
        }
        if (facts.later == Facts::Later::peer)
            return {Answer::clear_last_owner, Rule::peer_took_over};
        return {Answer::split_brain, Rule::split_brain};
    }
    if (!facts.last_owner) return {Answer::stay_out, Rule::no_last_owner};
    if (facts.later == Facts::Later::peer) return {Answer::stay_out, Rule::peer_is_later};
    if (facts.elsewhere) return {Answer::stay_out, Rule::promoted_elsewhere};
    if (facts.data_corrupt && mutant(Mutant::corrupt_flag_sticks)) {
        return {Answer::stay_out, Rule::owner_booted_alone};
    }
    if (facts.data_corrupt) return {Answer::come_in, Rule::peer_returned};
    return {Answer::come_in, Rule::last_owner_returns};
}

/// R30's rows for a node that was running when its peer died.
InServiceDecision decide_survivor(Facts const& facts) {
    if (facts.last_owner) {
        if (facts.data_corrupt) return {Answer::stay_out, Rule::owner_lost_peer};
        return {Answer::set_data_corrupt, Rule::owner_lost_peer};
    }
    switch (facts.copy) {
        case Facts::Copy::inconsistent:
        case Facts::Copy::blank:
            if (mutant(Mutant::promote_while_resyncing)) return {Answer::come_in, Rule::failover};
            return {Answer::stay_out, Rule::target_not_in_sync};
        case Facts::Copy::outdated:
            return {Answer::stay_out, Rule::target_not_in_sync};
        case Facts::Copy::paused:
            return {Answer::stay_out, Rule::target_is_paused};
        case Facts::Copy::not_watched:
            return {Answer::stay_out, Rule::not_watched_in_sync};
        case Facts::Copy::in_sync:
            break;
    }
    if (facts.data_corrupt) return {Answer::stay_out, Rule::target_not_in_sync};
    if (facts.elsewhere) return {Answer::stay_out, Rule::promoted_elsewhere};
    if (facts.guarded && !facts.fenced) return {Answer::stay_out, Rule::needs_fencing};
    if (facts.outranked) return {Answer::stay_out, Rule::another_goes_first};
    if (mutant(Mutant::death_unnoticed)) return {Answer::stay_out, Rule::looking_for_peer};
    return {Answer::come_in, Rule::failover};
}

/// R30's rows for a node that booted and found nobody.
InServiceDecision decide_lone_boot(Facts const& facts) {
    bool const torn = facts.copy == Facts::Copy::inconsistent || facts.copy == Facts::Copy::blank;
    if (mutant(Mutant::booted_alone_promotes) && !torn) {
        return {Answer::come_in, Rule::failover};
    }
    if (!facts.last_owner) return {Answer::stay_out, Rule::booted_alone};
    if (facts.data_corrupt) return {Answer::stay_out, Rule::owner_booted_alone};
    return {Answer::set_data_corrupt, Rule::owner_booted_alone};
}

/// A mirror without another copy: there is nobody to ask, and nobody who could help.
InServiceDecision decide_sole(Facts const& facts) {
    bool const whole = facts.copy == Facts::Copy::in_sync || facts.copy == Facts::Copy::not_watched;
    if (facts.data_corrupt && facts.last_owner) return {Answer::stay_out, Rule::owner_lost_peer};
    if (facts.data_corrupt) return {Answer::stay_out, Rule::target_not_in_sync};
    // Its disk is another one, or was emptied: what it served would be nobody's data.
    bool const blank = facts.copy == Facts::Copy::blank;
    if (!facts.last_owner && blank) return {Answer::stay_out, Rule::only_copy_is_blank};
    bool const paused = facts.copy == Facts::Copy::paused;
    if (!facts.last_owner && paused) return {Answer::stay_out, Rule::target_is_paused};
    if (!facts.last_owner && !whole) return {Answer::stay_out, Rule::target_not_in_sync};
    return {Answer::come_in, Rule::sole_copy};
}

/// R113: the disk was in service until its server died, and another went on with it at once. Nobody
/// took over meanwhile who could not have done so from a source that lived. Guarded nodes ask.
bool goes_on_alone(Facts const& facts) {
    return facts.continues && facts.last_owner && !facts.data_corrupt && !facts.guarded &&
           !facts.elsewhere;
}

InServiceDecision decide_unforced(Facts const& facts) {
    bool const silent = facts.contact == Facts::Contact::watched_die ||
                        facts.contact == Facts::Contact::booted_alone;
    if (silent && goes_on_alone(facts)) return {Answer::come_in, Rule::shared_copy_continues};
    switch (facts.contact) {
        case Facts::Contact::no_peer:
            return decide_sole(facts);
        case Facts::Contact::looking:
            return {Answer::stay_out, Rule::looking_for_peer};
        case Facts::Contact::reachable:
            return decide_reachable(facts);
        case Facts::Contact::watched_die:
            return decide_survivor(facts);
        case Facts::Contact::booted_alone:
            return decide_lone_boot(facts);
    }
    return {};
}

}  // namespace

InServiceDecision decide_in_service(InServiceFacts const& facts) {
    bool const peer_serves =
        facts.contact == Facts::Contact::reachable && facts.peer == Facts::Peer::in_service;
    bool const never = facts.never && !mutant(Mutant::target_for_ever_serves);
    if (facts.forced && never) return {Answer::stay_out, Rule::never_in_service};
    if (facts.forced && peer_serves) return {Answer::stay_out, Rule::force_refused_peer_serves};
    if (facts.forced) return {Answer::come_in, Rule::force_online};
    InServiceDecision const decision = decide_unforced(facts);
    // A split brain is told of in any case.
    bool const split = decision.answer == Answer::split_brain;
    if (facts.taken_out && !split) return {Answer::stay_out, Rule::taken_out};
    // It may have been the owner when it was configured otherwise, and gives that up as usual.
    bool const gives_up = decision.answer == Answer::clear_last_owner;
    if (never && !split && !gives_up) return {Answer::stay_out, Rule::never_in_service};
    return decision;
}

}  // namespace sunder::nodes
