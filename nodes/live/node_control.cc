// SPDX-License-Identifier: BSD-3-Clause
//
// The paths of HTTP, and what becomes of the words that are said there.
#include "nodes/live/node_control.h"

#include "nodes/live/control_reply.h"
#include "nodes/live/copy_guard.h"
#include "nodes/live/copy_mark.h"
#include "nodes/live/log.h"
#include "nodes/live/node_metrics.h"
#include "nodes/live/node_status.h"
#include "nodes/live/node_words.h"
#include "nodes/live/rule_words.h"
#include "nodes/live/state_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace sunder::live {

namespace {

std::string refusal_of(std::string_view verb, std::string_view rule) {
    std::string_view const words = words_of_rule(verb, rule);
    return fmt::format("refused: {}{}{}", rule, words.empty() ? "" : ": ", words);
}

}  // namespace

std::expected<std::unique_ptr<NodeControl>, std::string> NodeControl::listen(Doors const& doors,
                                                                             NodeDriver& node,
                                                                             ArrayService& array,
                                                                             EventRing& events) {
    std::unique_ptr<NodeControl> control(new NodeControl(node, array));
    NodeControl* const inside = control.get();
    if (!doors.socket.empty()) {
        auto server = ControlServer::listen(
            doors.socket,
            [inside](ControlRequest const& request) { return inside->handle(request); }, &events);
        if (!server) return std::unexpected(server.error());
        control->server_ = std::move(*server);
    }
    if (doors.shown) {
        auto server = ControlServer::listen(
            *doors.shown, [inside](ControlRequest const& request) { return inside->show(request); },
            &events);
        if (!server) return std::unexpected(server.error());
        control->shown_ = std::move(*server);
    }
    return control;
}

void NodeControl::start() {
    if (server_ != nullptr) server_->start();
    if (shown_ != nullptr) shown_->start();
}

void NodeControl::stop() {
    if (server_ != nullptr) server_->stop();
    if (shown_ != nullptr) shown_->stop();
}

/// To somebody of whom nothing is known.
ControlReply NodeControl::show(ControlRequest const& request) {
    if (request.method != "GET") return wrong(405, "here one can look, and no more: use GET");
    if (request.path != "/status" && request.path != "/metrics") {
        return wrong(404, "there are GET /status, GET /metrics and GET /events");
    }
    return handle(request);
}

ControlReply NodeControl::handle(ControlRequest const& request) {
    bool const get = request.method == "GET";
    if (request.path == "/status") {
        return get ? reply(200, status_of(node_)) : wrong(405, "/status: use GET");
    }
    if (request.path == "/intent-logs") {
        return get ? reply(200, intent_logs_of(node_)) : wrong(405, "/intent-logs: use GET");
    }
    if (request.path == "/metrics") {
        if (!get) return wrong(405, "/metrics: use GET");
        return {200, metrics_of(node_), "text/plain; version=0.0.4"};
    }
    bool const breaks = request.path == "/break" && node_.setup().stands_still;
    if (!breaks && request.path != "/node" && request.path != "/array") {
        return wrong(404,
                     "there are GET /status, GET /intent-logs, GET /metrics, GET /events, and POST "
                     "/node and /array with a list of words");
    }
    if (request.method != "POST") return wrong(405, request.path + ": use POST");
    auto const words = read_words(request.body);
    if (!words) return wrong(400, words.error());
    if (breaks) return set_breakpoint(*words);
    return request.path == "/node" ? ask(*words) : ask_array(*words);
}

ControlReply NodeControl::ask_array(std::span<std::string const> words) {
    if (auto const request = read_array_request(words)) {
        auto const why = array_.driver().look_at([&](emulator::Array const& array) {
            return refused_for_a_copy(*request, node_.setup(), array.state().catalogue);
        });
        if (why) return reply(409, {{"error", "refused: " + *why}, {"rule", copy_rule}});
        if (!array_.where().empty()) return change_array(*request, words);
    }
    return array_.ask(words);
}

/// What is known of the copy of a mirror that is not served any more goes first, so that whoever
/// dies in between believes too little, and not too much.
ControlReply NodeControl::change_array(ArrayRequest const& request,
                                       std::span<std::string const> words) {
    std::vector<std::string> const mirrors =
        array_.driver().look_at([&](emulator::Array const& array) {
            return copies_taken_away(request, node_.setup(), array.state().catalogue);
        });
    std::vector<std::pair<std::string, CopyMark>> taken;
    for (std::string const& mirror : mirrors) {
        auto const mark = CopyLabel::take(array_.where(), mirror);
        if (!mark) return wrong(500, mark.error());
        if (*mark) taken.emplace_back(mirror, **mark);
    }
    ControlReply said = array_.ask(words);
    if (said.status == 200) return said;
    for (auto const& [mirror, mark] : taken) {
        if (auto const put = CopyLabel::put(array_.where(), mirror, mark); !put) {
            log(Level::error, put.error());
        }
    }
    return said;
}

/// ["datarep", "resyncing"]: stand still when a leg of it comes to that; ["datarep"]: do not.
ControlReply NodeControl::set_breakpoint(std::span<std::string const> words) {
    NodeSetup const& setup = node_.setup();
    auto const mirror = std::ranges::find_if(setup.mirrors, [&](MirrorSetup const& one) {
        return !words.empty() && one.name == words.front();
    });
    if (mirror == setup.mirrors.end() || words.size() > 2) {
        return wrong(400,
                     R"(expected a mirror and a leg's state, such as ["datarep", "resyncing"])");
    }
    auto const place = static_cast<std::size_t>(mirror - setup.mirrors.begin());
    if (words.size() == 1) {
        node_.breakpoint(place).arm(std::nullopt);
        return reply(200, {{"done", true}});
    }
    if (auto const state = leg_state_named(words[1])) {
        node_.breakpoint(place).arm(*state);
        return reply(200, {{"done", true}});
    }
    return wrong(400,
                 fmt::format("a leg is never '{}'; its states: {}", words[1], all_leg_states()));
}

ControlReply NodeControl::ask(std::span<std::string const> words) {
    auto const request = read_node_request(words, node_.setup());
    if (!request) return wrong(400, request.error());
    OrderAbout const about{fmt::format("{}", fmt::join(words, " ")), request->mirrors};
    // It may be asked after nobody waits for the answer any more.
    auto const answer = node_.ask(
        [asked = request->asked](nodes::AdminId id) { return input_of(asked, id); }, about);
    if (!answer) return reply(202, {{"done", false}, {"rule", "not_decided_yet"}});
    if (answer->granted) return reply(200, {{"done", true}, {"rule", answer->rule}});
    std::string why = refusal_of(request->verb, answer->rule);
    if (request->verb == "resolve") why += parties(about.mirrors);
    return reply(409, {{"error", why}, {"rule", answer->rule}});
}

/// Who could be named the loser instead, as far as this node knows.
std::string NodeControl::parties(std::vector<std::size_t> const& mirrors) {
    std::string names;
    bool split = false;
    for (std::size_t const place : mirrors) {
        GroupDriver& group = node_.mirror(place);
        replication::GroupConfig const& config = group.setup().config;
        group.look_at([&](replication::MirrorMachine const& machine) {
            for (std::uint8_t copy = 0; copy < config.copies; ++copy) {
                replication::Slot const slot{copy};
                if (slot == config.self) continue;
                bool const leads = !machine.open() && replication::state_of(machine.leg(slot)) >=
                                                          replication::LegState::resyncing;
                split = split || machine.split(slot);
                if (!leads && !machine.split(slot)) continue;
                names += names.empty() ? "" : ", ";
                names += node_.setup().members[config.nodes[copy].value].name;
            }
        });
    }
    if (!split) return "";
    return fmt::format("; written on their own were {}: say it at the one that is to give up",
                       names);
}

}  // namespace sunder::live
