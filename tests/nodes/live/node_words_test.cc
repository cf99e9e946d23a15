// SPDX-License-Identifier: BSD-3-Clause
//
// Operators' words to a node: each verb's own example is understood as what it says, and what is
// wrong is answered with all of it and what would be right.
#include "nodes/live/node_words.h"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sunder::live {
namespace {

using nodes::Order;
namespace input = nodes::input;

NodeSetup of_three() {
    NodeSetup setup;
    setup.members = {{"server1", {}, {}}, {"server2", {}, {}}, {"server3", {}, {}}};
    setup.config.peers = {NodeId{1}, NodeId{2}};
    for (auto const& [name, other] : {std::pair{"log", 2}, std::pair{"datarep", 1}}) {
        MirrorSetup mirror;
        mirror.name = name;
        mirror.config.group = {static_cast<std::uint16_t>(setup.mirrors.size())};
        mirror.config.nodes = {NodeId{0}, NodeId{static_cast<std::uint8_t>(other)}};
        setup.mirrors.push_back(mirror);
    }
    return setup;
}

NodeRequest read(std::string const& text) {
    auto const request = read_node_request(split(text, ' '), of_three());
    if (!request) FAIL(request.error());
    return *request;
}

template <class Asked>
Asked said(std::string const& text) {
    return std::get<Asked>(read(text).asked);
}

Order ordered(std::string const& text) {
    auto const found = said<input::Ordered>(text);
    CHECK(found.group == GroupId{1});
    return found.order;
}

std::string error(std::vector<std::string> const& words) {
    auto const request = read_node_request(words, of_three());
    REQUIRE_FALSE(request);
    return request.error();
}
std::string error(std::string const& text) { return error(split(text, ' ')); }

TEST_CASE("each verb's example is understood, and each thing that a node can be asked has a verb") {
    std::set<std::size_t> asked;
    std::set<Order::Kind> orders;
    for (Grammar const& grammar : node_grammars()) {
        INFO(grammar.verb);
        CHECK(std::string(grammar.example).starts_with(grammar.verb));
        CHECK_FALSE(grammar.meaning.empty());
        NodeRequest const request = read(std::string(grammar.example));
        CHECK(request.verb == grammar.verb);
        CHECK(request.mirrors == std::vector<std::size_t>{1});
        asked.insert(request.asked.index());
        if (auto const* order = std::get_if<input::Ordered>(&request.asked)) {
            orders.insert(order->order.kind);
        }
    }
    CHECK(asked.size() == std::variant_size_v<NodeRequest::Asked>);
    CHECK(orders.size() == 8);
}

TEST_CASE("words to a node mean what they say") {
    CHECK(said<input::SwitchOver>("switchover datarep").group == GroupId{1});
    CHECK(said<input::ForceOnline>("force log").group == GroupId{0});
    CHECK(said<input::ResolveSplitBrain>("resolve datarep").group == GroupId{1});
    CHECK(ordered("pause datarep") == Order{Order::Kind::pause, {}, 0});
    CHECK(ordered("resume datarep target=server2") == Order{Order::Kind::resume, NodeId{1}, 0});
    CHECK(ordered("take-out datarep").kind == Order::Kind::leave_service);
    CHECK(ordered("bring-in datarep").kind == Order::Kind::enter_service);
    CHECK(ordered("fullresync datarep").kind == Order::Kind::set_intent_log);
    CHECK(ordered("clear-intent-log datarep").kind == Order::Kind::clear_intent_log);
    CHECK(ordered("asynchronous datarep").limit == 256);
    CHECK(ordered("asynchronous datarep limit=4294967295").limit == 4294967295U);
    CHECK(ordered("use-fallback-image datarep") == Order{Order::Kind::use_fallback_image, {}, 0});
    CHECK(said<input::ConfirmFailover>("confirm server3").proceeds);
    CHECK_FALSE(said<input::ConfirmFailover>("confirm server3 dead=no").proceeds);
    CHECK(said<input::ConfirmFailover>("confirm server3").peer == NodeId{2});
    auto const edit = [](std::string const& text) { return said<input::EditExtension>(text); };
    using Kind = nodes::Extension::Kind;
    CHECK(edit("create datarep").edit == nodes::Extension{Kind::create, NodeId{0}, {}});
    CHECK(edit("extend datarep to=server3 priority=20").edit ==
          nodes::Extension{Kind::extend, NodeId{2}, std::uint16_t{20}});
    CHECK(edit("unextend datarep from=server2").edit ==
          nodes::Extension{Kind::unextend, NodeId{1}, {}});
    CHECK(edit("delete log").edit == nodes::Extension{Kind::remove, NodeId{0}, {}});
    CHECK(edit("delete log").group == GroupId{0});
    CHECK(read("confirm server3").mirrors == std::vector<std::size_t>{0});
    CHECK(read("confirm server1").mirrors == std::vector<std::size_t>{0, 1});
}

TEST_CASE("what the machine is asked has the name of the request") {
    for (Grammar const& grammar : node_grammars()) {
        INFO(grammar.verb);
        nodes::Input const made =
            input_of(read(std::string(grammar.example)).asked, nodes::AdminId{7});
        bool const named = std::visit(
            []([[maybe_unused]] auto const& one) {
                if constexpr (requires { one.request; }) return one.request == nodes::AdminId{7};
                return false;
            },
            made);
        CHECK(named);
    }
}

TEST_CASE("wrong words to a node are answered with what would be right") {
    for (auto const& [words, wrong] :
         {std::pair{"resolve datarap",
                    "there is no mirror 'datarap' here, did you mean 'datarep'?"},
          std::pair{"resolve", "MIRROR is missing"},
          std::pair{"extend datarep", "to=NODE is missing"},
          std::pair{"extend datarep to=server9", "there is no node 'server9'"},
          std::pair{"extend datarep to=server3 priority=0", "1 to 999 would be right"},
          std::pair{"resolve target=server2", "MIRROR is missing"},
          std::pair{"resolve datarep now", "'now' was not expected"},
          std::pair{"resolve datarep loser=server1", "nothing can be set here"},
          std::pair{"pause datarep taget=server2", "did you mean 'target'?"},
          std::pair{"pause datarep target=server4", "target: there is no node 'server4'"},
          std::pair{"pause datarep target=", "target: there is no node ''"},
          std::pair{"pause datarep target=server2 target=server3", "target is given twice"},
          std::pair{"asynchronous datarep limit=0", "limit: nothing would be sent"},
          std::pair{"asynchronous datarep limit=4294967296", "from 0 to 4294967295"},
          std::pair{"asynchronous datarep limit=-1", "expected a whole number"},
          std::pair{"confirm server9", "there is no node 'server9'"},
          std::pair{"confirm server2 dead=maybe", "expected yes or no"},
          std::pair{"pause \033[2J", "there is no mirror '\\x1b[2J' here"}}) {
        INFO(words);
        std::string const said = error(words);
        INFO(said);
        CHECK(said.find(wrong) != std::string::npos);
        CHECK(said.find("\nUsage: ") != std::string::npos);
        CHECK(said.find("\nSuch as: ") != std::string::npos);
    }
    std::string const several = error("pause nowhere target=noone");
    CHECK(several.find("'nowhere'") != std::string::npos);
    CHECK(several.find("'noone'") != std::string::npos);
    CHECK(several.find("Usage: pause MIRROR [target=NODE]\nSuch as: pause datarep") !=
          std::string::npos);
    CHECK(error(std::vector<std::string>{"resolve", ""}).find("there is no mirror ''") !=
          std::string::npos);
    CHECK(error("swichover datarep").find("did you mean 'switchover'?") != std::string::npos);
    CHECK(error(std::vector<std::string>{}).find("nothing was asked; known: switchover") == 0);
}

}  // namespace
}  // namespace sunder::live
