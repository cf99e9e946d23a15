// SPDX-License-Identifier: BSD-3-Clause
//
// Words to a control socket, and its answer.
#include "scenarios/live/operator.h"

#include "nodes/live/control_client.h"

#include <boost/json.hpp>

namespace sunder::staged {

AdminAnswer ask_node(std::string const& control, std::vector<std::string> const& words) {
    auto const said = live::say_words(control, "/node", words);
    if (!said) return {false, {}, said.error()};
    boost::system::error_code failure;
    boost::json::value const parsed = boost::json::parse(said->body, failure);
    if (failure || !parsed.is_object()) return {false, {}, said->body};
    boost::json::value const* const rule = parsed.as_object().if_contains("rule");
    if (rule == nullptr || !rule->is_string()) return {false, {}, said->body};
    return {said->status == 200, std::string(rule->as_string()), {}};
}

std::string verb_of(nodes::Order::Kind kind) {
    switch (kind) {
        case nodes::Order::Kind::pause:
            return "pause";
        case nodes::Order::Kind::resume:
            return "resume";
        case nodes::Order::Kind::leave_service:
            return "take-out";
        case nodes::Order::Kind::enter_service:
            return "bring-in";
        case nodes::Order::Kind::set_intent_log:
            return "fullresync";
        case nodes::Order::Kind::clear_intent_log:
            return "clear-intent-log";
        case nodes::Order::Kind::enable_asynchronous:
            return "asynchronous";
        case nodes::Order::Kind::use_fallback_image:
            break;  // unplayable
    }
    return "";
}

std::vector<std::string> words_of(nodes::Extension const& edit, std::string const& mirror,
                                  std::string const& server) {
    using Kind = nodes::Extension::Kind;
    std::vector<std::string> words;
    switch (edit.kind) {
        case Kind::create:
            return {"create", mirror};
        case Kind::remove:
            return {"delete", mirror};
        case Kind::extend:
            words = {"extend", mirror, "to=" + server};
            break;
        case Kind::unextend:
            return {"unextend", mirror, "from=" + server};
        case Kind::migrate:
            return {};  // unplayable
    }
    if (edit.priority) words.push_back("priority=" + std::to_string(*edit.priority));
    return words;
}

}  // namespace sunder::staged
