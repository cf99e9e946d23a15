// SPDX-License-Identifier: BSD-3-Clause
//
// What comes into a node's machines as bytes, and prints of what comes out.
#include "nodes/input_codec.h"

#include "nodes/input_format.h"
#include "tests/support/drawn.h"

#include <catch2/catch.hpp>

#include <set>

namespace sunder::nodes {
namespace {

using test::drawn;

template <class Input>
std::vector<std::byte> bytes_of(Input const& input) {
    std::vector<std::byte> bytes;
    ByteWriter to(bytes);
    if constexpr (std::same_as<Input, hierarchy::Input>) {
        hierarchy::encode(input, to);
    } else {
        encode(input, to);
    }
    return bytes;
}

template <class Input, class Decode>
void comes_back(Decode const& decode) {
    CHECK(rc::check([&] {
        auto const input = drawn<Input>();
        std::vector<std::byte> bytes = bytes_of(input);
        auto const back = decode(bytes);
        if (!back) RC_FAIL(back.error());
        RC_ASSERT(test::same(*back, input));
        std::size_t const kept = *rc::gen::inRange<std::size_t>(0, bytes.size());
        RC_ASSERT(!decode(std::span(bytes).first(kept)));
        bytes.push_back(std::byte{0});
        RC_ASSERT(!decode(bytes));
    }));
}

TEST_CASE("any input of a node comes back as it was") {
    comes_back<Input>([](std::span<std::byte const> bytes) { return decode_input(bytes); });
}

TEST_CASE("any input of a hierarchy comes back as it was") {
    comes_back<hierarchy::Input>(
        [](std::span<std::byte const> bytes) { return hierarchy::decode_input(bytes); });
}

TEST_CASE("inputs of nodes have the numbers that other recordings have") {
    auto const number = [](auto const& input) { return unsigned(bytes_of(Input(input))[1]); };
    CHECK(number(input::Started{}) == 0);
    CHECK(number(input::PeerHeard{}) == 3);
    CHECK(number(input::MessageArrived{}) == 7);
    CHECK(number(input::GroupReported{}) == 8);
    CHECK(number(input::HierarchyStored{}) == 12);
    CHECK(number(input::ForceOnline{}) == 19);
    CHECK(number(input::ResolveSplitBrain{}) == 22);
    CHECK(number(input::EraWaitOver{}) == 23);
    auto const above = [](auto const& input) {
        return unsigned(bytes_of(hierarchy::Input(input))[1]);
    };
    CHECK(above(hierarchy::input::Commanded{}) == 0);
    CHECK(above(hierarchy::input::ActionDone{}) == 1);
    CHECK(above(hierarchy::input::FoundFailed{}) == 2);
    hierarchy::Input const nothing{hierarchy::input::Commanded{hierarchy::command::Change{}}};
    CHECK(hierarchy::decode_input(bytes_of(nothing)).error() ==
          "byte 3: input.command changes to nothing, a hierarchy would be right");
}

TEST_CASE("two outputs of a node that differ anywhere have two prints") {
    InServiceFacts fenced;
    fenced.fenced = true;
    StoredHierarchy stored;
    stored.priority[7] = 1;
    Order limit;
    limit.limit = 1;
    std::vector<Output> const outputs{
        output::Watch{{1}, {0}},
        output::Watch{{1}, {1}},
        output::Send{{1}, control::TakeOver{}},
        output::Send{{1}, control::GiveUp{}},
        output::Send{{1}, control::GiveUp{{1}}},
        output::Send{{1}, control::Claim{}},
        output::Send{{1}, control::Claim{{}, std::make_shared<Cell const>()}},
        output::GroupCommand{{1}, replication::command::Create{}},
        output::GroupCommand{{1}, replication::command::UseFallbackImage{}},
        output::GroupCommand{{1}, replication::command::Pause{{}, false}},
        output::GroupCommand{{1}, replication::command::Pause{{}, true}},
        output::StoreHierarchy{},
        output::StoreHierarchy{stored},
        output::HierarchyCommand{{}, hierarchy::command::Rise{1}},
        output::HierarchyCommand{{}, hierarchy::command::Rise{2}},
        output::ArmBootWait{},
        output::ArmConfirmation{{1}, seconds(1)},
        output::ArmConfirmation{{1}, seconds(2)},
        output::ArmShot{{1}, 1},
        output::ArmEraWait{{1}, {1}, 1},
        output::ArmEraWait{{1}, {1}, 2},
        output::ArmEraWait{{1}, {2}, 1},
        output::Noted{note::EraUnanswered{{1}, {1}, EraRule::goes_on}},
        output::Noted{note::EraUnanswered{{1}, {1}, EraRule::shot_first}},
        output::Shoot{{1}},
        output::Stop{true},
        output::Stop{false},
        output::AskOtherServer{},
        output::StoodDown{},
        output::AdminReply{{1}, true, "granted"},
        output::AdminReply{{1}, true, "refused"},
        output::AdminReply{{1}, false, "granted"},
        output::Noted{note::PeerSeen{{1}}},
        output::Noted{note::PeerLost{{1}}},
        output::Noted{note::Decided{{}, {}, {}}},
        output::Noted{note::Decided{{}, {}, fenced}},
        output::Noted{note::OrderDecided{}},
        output::Noted{note::OrderDecided{{}, limit, {}}},
        output::Noted{note::ExtensionChanged{}},
        output::Noted{note::ExtensionChanged{{},
                                             [] {
                                                 NodeSet one;
                                                 one.insert({200});
                                                 return one;
                                             }()}},
        output::Noted{note::HierarchyNoted{{}, hierarchy::UpOrDown{true}}},
        output::Noted{note::HierarchyNoted{{}, hierarchy::UpOrDown{false}}},
    };
    std::set<Fingerprint> prints;
    for (Output const& output : outputs) prints.insert(fingerprint(output));
    CHECK(prints.size() == outputs.size());
    std::vector<hierarchy::Output> const above{
        hierarchy::output::Act{{1}, hierarchy::Action::start},
        hierarchy::output::Act{{1}, hierarchy::Action::stop},
        hierarchy::output::Act{{2}, hierarchy::Action::start},
        hierarchy::output::Reported{},
        hierarchy::output::Noted{hierarchy::UpOrDown{}},
    };
    prints.clear();
    for (hierarchy::Output const& output : above) prints.insert(hierarchy::fingerprint(output));
    CHECK(prints.size() == above.size());
}

}  // namespace
}  // namespace sunder::nodes
