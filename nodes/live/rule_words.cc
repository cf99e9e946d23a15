// SPDX-License-Identifier: BSD-3-Clause
//
// The decisions in turn, those that the verb asks for first.
#include "nodes/live/rule_words.h"

#include "nodes/extension.h"
#include "nodes/gate.h"
#include "nodes/in_service.h"
#include "nodes/orders.h"
#include "nodes/resolution.h"
#include "nodes/switchover.h"

namespace sunder::live {

namespace {

template <class Rule>
std::string_view find(std::string_view name) {
    for (unsigned at = 0; at < static_cast<unsigned>(Rule::last); ++at) {
        replication::RuleText const text = text_of(static_cast<Rule>(at));
        if (text.name == name) return text.words;
    }
    return "";
}

template <class... Rules>
std::string_view first_of(std::string_view name) {
    std::string_view words;
    (void)(... || !(words = find<Rules>(name)).empty());
    return words;
}

}  // namespace

std::string_view words_of_rule(std::string_view verb, std::string_view name) {
    using namespace nodes;
    // A promotion that an order began, and that the disk ended.
    if (name == "disk_failed") return "the own disk failed, and keeps it from coming in service";
    if (verb == "force" && name == text_of(SwitchoverRule::already_in_service).name) {
        return "it is in service on this node, or on its way into or out of service";
    }
    if (verb == "confirm") return first_of<ConfirmRule, ExtensionRule>(name);
    if (verb == "resolve") return first_of<ResolutionRule, ExtensionRule>(name);
    if (verb == "switchover") return first_of<SwitchoverRule, ExtensionRule, InServiceRule>(name);
    return first_of<OrderRule, InServiceRule, GateRule, EraRule, ExtensionRule, SwitchoverRule>(
        name);
}

}  // namespace sunder::live
