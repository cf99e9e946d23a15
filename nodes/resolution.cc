// SPDX-License-Identifier: BSD-3-Clause
//
// The refusals of a resolution, and their order.
#include "nodes/resolution.h"

namespace sunder::nodes {

ResolutionRule decide_resolution(ResolutionFacts const& facts) {
    using Rule = ResolutionRule;
    if (!facts.has_copy) return Rule::no_copy_here;
    if (facts.in_transition) return Rule::in_transition;
    switch (facts.winner) {
        case ResolutionFacts::Winner::unreachable:
            return Rule::winner_unreachable;
        case ResolutionFacts::Winner::silent:
            return Rule::winner_silent;
        case ResolutionFacts::Winner::parted:
        case ResolutionFacts::Winner::overtaken:
            return Rule::granted;
        case ResolutionFacts::Winner::kin:
            return Rule::no_split_brain;
    }
    return Rule::no_split_brain;
}

replication::RuleText text_of(ResolutionRule rule) {
    using Rule = ResolutionRule;
    switch (rule) {
        case Rule::granted:
            return {"granted", "R33, R34", "an operator named this node the loser"};
        case Rule::no_copy_here:
            return {"no_copy_here", "R33", "this node has no copy of the mirror"};
        case Rule::in_transition:
            return {"in_transition", "R96", "it is on its way into or out of service"};
        case Rule::winner_unreachable:
            return {"winner_unreachable", "SAF-4",
                    "without the other copy nobody can tell what this one would give up"};
        case Rule::winner_silent:
            return {"winner_silent", "SAF-4",
                    "the other copy can be reached but has not yet said what it holds"};
        case Rule::no_split_brain:
            return {"no_split_brain", "R31, R34",
                    "the copy here has not parted from the others, or follows a source that has: "
                    "it has nothing of its own to give up"};
        case Rule::both_were_named:
            return {"both_were_named", "R34, FLT-12",
                    "the other node has been named the loser at the same time; nobody concedes"};
        case Rule::resource_does_not_stop:
            return {"resource_does_not_stop", "R92, R99",
                    "a resource that stands on the mirror does not stop, so it stays"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

std::string_view name_of(ResolutionFacts::Winner winner) {
    using Winner = ResolutionFacts::Winner;
    switch (winner) {
        case Winner::unreachable:
            return "unreachable";
        case Winner::silent:
            return "silent";
        case Winner::parted:
            return "parted";
        case Winner::overtaken:
            return "overtaken";
        case Winner::kin:
            return "kin";
    }
    return "";
}

}  // namespace sunder::nodes
