// SPDX-License-Identifier: BSD-3-Clause
//
// The table of verbs, what each asks of the node, and the paths of HTTP.
#include "nodes/live/node_control.h"

#include "nodes/live/control_reply.h"
#include "nodes/live/copy_guard.h"
#include "nodes/live/copy_mark.h"
#include "nodes/live/log.h"
#include "nodes/live/node_status.h"
#include "nodes/live/rule_words.h"
#include "nodes/live/state_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

namespace sunder::live {

namespace {

namespace json = boost::json;
using nodes::AdminId;
using nodes::Input;
using nodes::Order;

/// What a verb asks, when its words are right.
struct Asked {
    NodeSetup const& setup;
    Values& values;

    GroupId mirror() const {
        std::vector<std::string> known;
        for (MirrorSetup const& one : setup.mirrors) {
            if (one.name == values.subject()) return one.config.group;
            known.push_back(one.name);
        }
        values.complain("", fmt::format("there is no mirror '{}' here{}", values.subject(),
                                        suggestion(values.subject(), known)));
        return {};
    }
    std::optional<NodeId> node(std::string_view key, std::string const& name) const {
        std::vector<std::string> known;
        for (std::size_t n = 0; n < setup.members.size(); ++n) {
            known.push_back(setup.members[n].name);
            if (known.back() == name) return NodeId{static_cast<std::uint8_t>(n)};
        }
        values.complain(key, fmt::format("there is no node '{}'{}", name, suggestion(name, known)));
        return std::nullopt;
    }
    std::optional<NodeId> target() const {
        if (!values.has("target")) return std::nullopt;
        return node("target", values.text("target"));
    }
};

using Make = std::function<Input(AdminId)>;

/// That of an order, or those that a node shares with this one.
std::vector<std::size_t> mirrors_of(Grammar const& grammar, std::string const& subject,
                                    NodeSetup const& setup) {
    std::vector<std::size_t> places;
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        MirrorSetup const& mirror = setup.mirrors[m];
        auto const* const end = mirror.config.nodes.begin() + mirror.config.copies;
        bool const shared = std::any_of(mirror.config.nodes.begin(), end, [&](NodeId node) {
            return setup.members[node.value].name == subject;
        });
        if (grammar.subject == "MIRROR" ? mirror.name == subject : shared) places.push_back(m);
    }
    return places;
}

std::string refusal_of(std::string_view verb, std::string_view rule) {
    std::string_view const words = words_of_rule(verb, rule);
    return fmt::format("refused: {}{}{}", rule, words.empty() ? "" : ": ", words);
}

template <Order::Kind kind>
Make order(Asked const& asked) {
    Order made{kind, asked.target(), 0};
    if constexpr (kind == Order::Kind::enable_asynchronous) {
        made.limit = static_cast<std::uint32_t>(
            asked.values.number("limit", 256, std::numeric_limits<std::uint32_t>::max()));
        if (made.limit == 0) asked.values.complain("limit", "nothing would be sent: at least 1");
    }
    GroupId const group = asked.mirror();
    return [=](AdminId id) { return nodes::input::Ordered{id, group, made}; };
}
template <class Simple>
Make simple(Asked const& asked) {
    GroupId const group = asked.mirror();
    return [=](AdminId id) { return Simple{id, group}; };
}
Make confirm(Asked const& asked) {
    NodeId const peer = asked.node("", asked.values.subject()).value_or(NodeId{});
    bool const dead = asked.values.yes("dead", true);
    return [=](AdminId id) { return nodes::input::ConfirmFailover{id, peer, dead}; };
}

using Maker = Make (*)(Asked const&);
using Table = Verbs<Maker>;

Table make_table() {
    Parameter const target{"target", "NODE", false, "where there is more than one other copy"};
    Table table;
    table.add(simple<nodes::input::SwitchOver>, {"switchover",
                                                 "MIRROR",
                                                 {},
                                                 "come in service here, and leave it there (R96)",
                                                 "switchover datarep"});
    table.add(simple<nodes::input::ForceOnline>,
              {"force",
               "MIRROR",
               {},
               "come in service here, whatever is elsewhere: may lose data (R87)",
               "force datarep"});
    table.add(simple<nodes::input::ResolveSplitBrain>,
              {"resolve",
               "MIRROR",
               {},
               "split brain: this node gives up what was written to it since (R33)",
               "resolve datarep"});
    table.add(order<Order::Kind::pause>, {"pause",
                                          "MIRROR",
                                          {target},
                                          "keep a target apart; its hosts may use it (R57)",
                                          "pause datarep target=server2"});
    table.add(order<Order::Kind::resume>,
              {"resume", "MIRROR", {target}, "mirror to it again (R59)", "resume datarep"});
    table.add(
        order<Order::Kind::leave_service>,
        {"take-out",
         "MIRROR",
         {},
         "take it out of service here (R62), until `bring-in`, or until this node begins anew",
         "take-out datarep"});
    table.add(
        order<Order::Kind::enter_service>,
        {"bring-in", "MIRROR", {}, "bring in again what was taken out here", "bring-in datarep"});
    table.add(order<Order::Kind::set_intent_log>, {"fullresync",
                                                   "MIRROR",
                                                   {target},
                                                   "copy everything anew (bitmap -d, R19)",
                                                   "fullresync datarep"});
    table.add(order<Order::Kind::clear_intent_log>,
              {"clear-intent-log",
               "MIRROR",
               {target},
               "believe that the target is equal (bitmap -c, R19)",
               "clear-intent-log datarep"});
    table.add(order<Order::Kind::enable_asynchronous>,
              {"asynchronous",
               "MIRROR",
               {{"limit", "NUMBER", false, "256 unless told"}},
               "let so many writes be outstanding (bitmap -a, R13)",
               "asynchronous datarep limit=4096"});
    table.add(confirm, {"confirm",
                        "NODE",
                        {{"dead", "yes|no", false, "yes unless told"}},
                        "say whether a node that is not heard is dead (R63)",
                        "confirm server2"});
    return table;
}

Table const& table() {
    static Table const made = make_table();
    return made;
}

}  // namespace

std::span<Grammar const> node_grammars() { return table().grammars; }

std::expected<std::unique_ptr<NodeControl>, std::string> NodeControl::listen(
    std::string const& socket, NodeDriver& node, ArrayService& array, EventRing& events) {
    std::unique_ptr<NodeControl> control(new NodeControl(node, array));
    auto server = ControlServer::listen(
        socket,
        [inside = control.get()](ControlRequest const& request) { return inside->handle(request); },
        &events);
    if (!server) return std::unexpected(server.error());
    control->server_ = std::move(*server);
    return control;
}

ControlReply NodeControl::handle(ControlRequest const& request) {
    bool const get = request.method == "GET";
    if (request.path == "/status") {
        return get ? reply(200, status_of(node_)) : wrong(405, "/status: use GET");
    }
    if (request.path == "/metrics") {
        if (!get) return wrong(405, "/metrics: use GET");
        return {200, metrics_of(node_), "text/plain; version=0.0.4"};
    }
    bool const breaks = request.path == "/break" && node_.setup().stands_still;
    if (!breaks && request.path != "/node" && request.path != "/array") {
        return wrong(404,
                     "there are GET /status, GET /metrics, GET /events, and POST /node and /array "
                     "with a list of words");
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
    auto const found = find_verb(node_grammars(), words);
    if (!found) return wrong(400, found.error());
    Grammar const& grammar = node_grammars()[found->grammar];
    Values values(grammar, words.subspan(found->words));
    Make const make = table().makers[found->grammar](Asked{node_.setup(), values});
    if (!values.errors().empty()) {
        std::string all;
        for (std::string const& error : values.errors()) all += (all.empty() ? "" : "\n") + error;
        return wrong(400, fmt::format("{}\nUsage: {}\nSuch as: {}", all, usage_of(grammar),
                                      grammar.example));
    }
    OrderAbout const about{fmt::format("{}", fmt::join(words, " ")),
                           mirrors_of(grammar, values.subject(), node_.setup())};
    auto const answer = node_.ask(make, about);
    if (!answer) return reply(202, {{"done", false}, {"rule", "not_decided_yet"}});
    if (answer->granted) return reply(200, {{"done", true}, {"rule", answer->rule}});
    std::string why = refusal_of(grammar.verb, answer->rule);
    if (grammar.verb == "resolve") why += parties(about.mirrors);
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
            return true;
        });
    }
    if (!split) return "";
    return fmt::format("; written on their own were {}: say it at the one that is to give up",
                       names);
}

}  // namespace sunder::live
