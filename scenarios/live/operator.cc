// SPDX-License-Identifier: BSD-3-Clause
//
// Words to a control socket, and its answer.
#include "scenarios/live/operator.h"

#include "nodes/live/control_client.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>

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

std::expected<std::vector<std::string>, std::string> examine_intent_logs(
    std::string const& control, std::string const& mirror) {
    namespace json = boost::json;
    auto const said = live::look_up(control, "/intent-logs", std::chrono::seconds(10));
    if (!said) return std::unexpected(said.error());
    boost::system::error_code failure;
    json::value const parsed = json::parse(said->body, failure);
    json::value const* const all = failure ? nullptr : parsed.find_pointer("/mirrors", failure);
    if (all == nullptr || !all->is_array()) return std::unexpected(said->body);
    std::vector<std::string> lines;
    for (json::value const& one : all->as_array()) {
        if (one.at("name").as_string() != mirror) continue;
        for (json::value const& leg : one.at("legs").as_array()) {
            lines.push_back(fmt::format("intent log of {} towards {}: {}", mirror,
                                        std::string_view(leg.at("peer").as_string()),
                                        std::string_view(leg.at("words").as_string())));
        }
    }
    return lines;
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
            return "use-fallback-image";
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
