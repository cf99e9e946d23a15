// SPDX-License-Identifier: BSD-3-Clause
//
// The policies, one by one; what they leave undecided, and how ties end.
#include "replication/split_brain.h"

namespace sunder::replication {

namespace {

using Changes = SplitBrainFacts::Changes;
using Side = SplitBrainFacts::Side;
using Rule = SplitBrainRule;

SplitBrainDecision unchanged(SplitBrainFacts const& facts) {
    switch (facts.changes) {
        case Changes::unknown:
            return {Side::neither, Rule::changes_are_unknown};
        case Changes::neither:
            return {Side::second, Rule::second_gives_up_a_tie};
        case Changes::first_only:
            return {Side::second, Rule::unchanged_gives_up};
        case Changes::second_only:
            return {Side::first, Rule::unchanged_gives_up};
        case Changes::first_more:
        case Changes::second_more:
        case Changes::as_many:
            break;
    }
    return {Side::neither, Rule::both_were_changed};
}

SplitBrainDecision fewer(SplitBrainFacts const& facts) {
    switch (facts.changes) {
        case Changes::unknown:
            return {Side::neither, Rule::changes_are_unknown};
        case Changes::first_only:
        case Changes::first_more:
            return {Side::second, Rule::fewer_changes_give_up};
        case Changes::second_only:
        case Changes::second_more:
            return {Side::first, Rule::fewer_changes_give_up};
        case Changes::neither:
        case Changes::as_many:
            break;
    }
    return {Side::second, Rule::second_gives_up_a_tie};
}

Side other(Side side) {
    switch (side) {
        case Side::first:
            return Side::second;
        case Side::second:
            return Side::first;
        case Side::neither:
            break;
    }
    return Side::neither;
}

}  // namespace

SplitBrainDecision decide_split_brain(SplitBrainFacts const& facts) {
    switch (facts.policy) {
        case SplitBrainPolicy::disconnect:
            break;
        case SplitBrainPolicy::discard_zero_changes:
            return unchanged(facts);
        case SplitBrainPolicy::discard_least_changes:
            return fewer(facts);
        case SplitBrainPolicy::discard_younger:
            if (facts.younger == Side::neither) return fewer(facts);
            return {facts.younger, Rule::younger_gives_up};
        case SplitBrainPolicy::discard_older:
            if (facts.younger == Side::neither) return fewer(facts);
            return {other(facts.younger), Rule::older_gives_up};
        case SplitBrainPolicy::discard_node:
            if (facts.named == Side::neither) return {Side::neither, Rule::named_node_has_no_copy};
            return {facts.named, Rule::named_node_gives_up};
    }
    return {Side::neither, Rule::operator_decides};
}

SplitBrainFacts split_brain_facts(SplitBrainPolicy policy, Hello const& first,
                                  Hello const& second) {
    auto const changes = [](Hello const& hello) { return hello.bits ? hello.bits->count() : 0; };
    std::uint64_t const one = changes(first);
    std::uint64_t const two = changes(second);
    SplitBrainFacts facts;
    facts.policy = policy;
    if (first.intent_log && second.intent_log) {
        facts.changes = one == 0 && two == 0 ? Changes::neither
                        : two == 0           ? Changes::first_only
                        : one == 0           ? Changes::second_only
                        : one > two          ? Changes::first_more
                        : two > one          ? Changes::second_more
                                             : Changes::as_many;
    }
    if (first.cell.era != second.cell.era) {
        facts.younger = first.cell.era > second.cell.era ? Side::first : Side::second;
    }
    return facts;
}

RuleText text_of(SplitBrainRule rule) {
    switch (rule) {
        case Rule::operator_decides:
            return {"operator_decides", "R32, R34", "only an operator may choose"};
        case Rule::unchanged_gives_up:
            return {"unchanged_gives_up", "C.3",
                    "one of the two was not written since they parted"};
        case Rule::both_were_changed:
            return {"both_were_changed", "C.3, R34",
                    "both were written since they parted, so an operator has to choose"};
        case Rule::fewer_changes_give_up:
            return {"fewer_changes_give_up", "C.3", "one of the two was written less"};
        case Rule::younger_gives_up:
            return {"younger_gives_up", "C.3, G23", "the one that came in service last gives up"};
        case Rule::older_gives_up:
            return {"older_gives_up", "C.3, G23", "the one that was in service before gives up"};
        case Rule::named_node_gives_up:
            return {"named_node_gives_up", "C.3", "the configuration names the node that gives up"};
        case Rule::named_node_has_no_copy:
            return {"named_node_has_no_copy", "C.3",
                    "the node that the configuration names is neither of the two"};
        case Rule::changes_are_unknown:
            return {"changes_are_unknown", "R18, R34",
                    "without an intent log nobody knows what was written"};
        case Rule::second_gives_up_a_tie:
            return {"second_gives_up_a_tie", "C.3",
                    "nothing tells them apart, so the later in the list of copies gives up"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

std::string_view name_of(SplitBrainPolicy policy) {
    switch (policy) {
        case SplitBrainPolicy::disconnect:
            return "disconnect";
        case SplitBrainPolicy::discard_zero_changes:
            return "discard_zero_changes";
        case SplitBrainPolicy::discard_least_changes:
            return "discard_least_changes";
        case SplitBrainPolicy::discard_younger:
            return "discard_younger";
        case SplitBrainPolicy::discard_older:
            return "discard_older";
        case SplitBrainPolicy::discard_node:
            return "discard_node";
    }
    return "";
}

std::string_view name_of(SplitBrainFacts::Changes changes) {
    switch (changes) {
        case Changes::unknown:
            return "unknown";
        case Changes::neither:
            return "neither";
        case Changes::first_only:
            return "first_only";
        case Changes::second_only:
            return "second_only";
        case Changes::first_more:
            return "first_more";
        case Changes::second_more:
            return "second_more";
        case Changes::as_many:
            return "as_many";
    }
    return "";
}

std::string_view name_of(SplitBrainFacts::Side side) {
    switch (side) {
        case Side::neither:
            return "neither";
        case Side::first:
            return "first";
        case Side::second:
            return "second";
    }
    return "";
}

}  // namespace sunder::replication
