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
        if (facts.later == Facts::Later::self) return {Answer::come_in, Rule::later_owner};
        if (facts.later == Facts::Later::peer)
            return {Answer::clear_last_owner, Rule::peer_took_over};
        return {Answer::split_brain, Rule::split_brain};
    }
    if (!facts.last_owner) return {Answer::stay_out, Rule::no_last_owner};
    if (facts.later == Facts::Later::peer) return {Answer::stay_out, Rule::peer_is_later};
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
    if (facts.guarded && !facts.fenced) return {Answer::stay_out, Rule::needs_fencing};
    if (mutant(Mutant::death_unnoticed)) return {Answer::stay_out, Rule::looking_for_peer};
    return {Answer::come_in, Rule::failover};
}

/// R30's rows for a node that booted and found nobody.
InServiceDecision decide_lone_boot(Facts const& facts) {
    if (mutant(Mutant::booted_alone_promotes) && facts.copy != Facts::Copy::inconsistent) {
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
    bool const paused = facts.copy == Facts::Copy::paused;
    if (!facts.last_owner && paused) return {Answer::stay_out, Rule::target_is_paused};
    if (!facts.last_owner && !whole) return {Answer::stay_out, Rule::target_not_in_sync};
    return {Answer::come_in, Rule::sole_copy};
}

InServiceDecision decide_unforced(Facts const& facts) {
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
    if (facts.forced && peer_serves) return {Answer::stay_out, Rule::force_refused_peer_serves};
    if (facts.forced) return {Answer::come_in, Rule::force_online};
    InServiceDecision const decision = decide_unforced(facts);
    // A split brain is told of in any case.
    bool const split = decision.answer == Answer::split_brain;
    if (facts.taken_out && !split) return {Answer::stay_out, Rule::taken_out};
    return decision;
}

replication::RuleText text_of(InServiceRule rule) {
    switch (rule) {
        case Rule::force_refused_peer_serves:
            return {"force_refused_peer_serves", "R87, SAF-6",
                    "the peer has it in service; forcing would make two sources"};
        case Rule::force_online:
            return {"force_online", "R27, R87",
                    "an operator forced this copy online and answers for it"};
        case Rule::taken_out:
            return {"taken_out", "R62, R97",
                    "an operator took the mirror out of service; it stays out until one brings it "
                    "in, or the node where it was taken out boots"};
        case Rule::sole_copy:
            return {"sole_copy", "R4", "there is no other copy"};
        case Rule::looking_for_peer:
            return {"looking_for_peer", "R30",
                    "this node has just booted and is still looking for its peer"};
        case Rule::awaiting_peer:
            return {"awaiting_peer", "R30", "the peer answers but has not yet said what it holds"};
        case Rule::split_brain:
            return {"split_brain", "R31, R32",
                    "both nodes were the source of different data; only an operator may choose"};
        case Rule::peer_took_over:
            return {"peer_took_over", "R23",
                    "another node has taken over; this one is no longer the owner"};
        case Rule::peer_is_source:
            return {"peer_is_source", "R3", "the peer has it in service"};
        case Rule::peer_is_last_owner:
            return {"peer_is_last_owner", "R28, R29",
                    "the peer was the last source, so it comes in service, not this node"};
        case Rule::later_owner:
            return {"later_owner", "R29", "both were source once, and this node was the later one"};
        case Rule::peer_is_later:
            return {"peer_is_later", "SAF-4", "the peer holds later data than this last owner"};
        case Rule::peer_returned:
            return {"peer_returned", "R29, R30",
                    "the peer is back and is not an owner, so the doubt is settled"};
        case Rule::last_owner_returns:
            return {"last_owner_returns", "R28, R30",
                    "this node was the last source and its peer can be reached"};
        case Rule::no_last_owner:
            return {"no_last_owner", "R30", "neither node was the last source"};
        case Rule::owner_lost_peer:
            return {"owner_lost_peer", "R24",
                    "the last source lost its peer before it could come in service"};
        case Rule::target_is_paused:
            return {"target_is_paused", "R61",
                    "the mirror was paused, so that this copy is older and may have been changed"};
        case Rule::target_not_in_sync:
            return {"target_not_in_sync", "R26, R38, R39",
                    "the copy here was not in sync when the source was lost"};
        case Rule::not_watched_in_sync:
            return {"not_watched_in_sync", "R30",
                    "the copy here has not been seen in sync since this node booted"};
        case Rule::needs_fencing:
            return {"needs_fencing", "SAF-6",
                    "silence proves nothing: guarded nodes need quorum or fencing to take over"};
        case Rule::failover:
            return {"failover", "R25",
                    "the source was watched dying and the copy here was in sync"};
        case Rule::owner_booted_alone:
            return {"owner_booted_alone", "R27",
                    "the last source booted and cannot reach its peer, which may have taken over"};
        case Rule::booted_alone:
            return {"booted_alone", "R28", "a target that boots alone cannot know what it missed"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

std::string_view name_of(Answer answer) {
    switch (answer) {
        case Answer::stay_out:
            return "stay_out";
        case Answer::come_in:
            return "come_in";
        case Answer::set_data_corrupt:
            return "set_data_corrupt";
        case Answer::clear_last_owner:
            return "clear_last_owner";
        case Answer::split_brain:
            return "split_brain";
    }
    return "";
}

std::string_view name_of(InServiceFacts::Contact contact) {
    switch (contact) {
        case Facts::Contact::no_peer:
            return "no_peer";
        case Facts::Contact::looking:
            return "looking";
        case Facts::Contact::reachable:
            return "reachable";
        case Facts::Contact::watched_die:
            return "watched_die";
        case Facts::Contact::booted_alone:
            return "booted_alone";
    }
    return "";
}

std::string_view name_of(InServiceFacts::Peer peer) {
    switch (peer) {
        case Facts::Peer::unknown:
            return "unknown";
        case Facts::Peer::not_owner:
            return "not_owner";
        case Facts::Peer::last_owner:
            return "last_owner";
        case Facts::Peer::in_service:
            return "in_service";
    }
    return "";
}

std::string_view name_of(InServiceFacts::Later later) {
    switch (later) {
        case Facts::Later::neither:
            return "neither";
        case Facts::Later::self:
            return "self";
        case Facts::Later::peer:
            return "peer";
        case Facts::Later::diverged:
            return "diverged";
    }
    return "";
}

std::string_view name_of(InServiceFacts::Copy copy) {
    switch (copy) {
        case Facts::Copy::in_sync:
            return "in_sync";
        case Facts::Copy::not_watched:
            return "not_watched";
        case Facts::Copy::paused:
            return "paused";
        case Facts::Copy::outdated:
            return "outdated";
        case Facts::Copy::inconsistent:
            return "inconsistent";
    }
    return "";
}

}  // namespace sunder::nodes
