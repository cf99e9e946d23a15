// SPDX-License-Identifier: BSD-3-Clause
//
// Holds decide_split_brain against its golden table, cell by cell, and asks whether both sides
// always come to the same answer. And what does a copy know of what either would give up?
#include "replication/split_brain.h"

#include "tests/support/golden_table.h"
#include "tests/support/machine_driver.h"

#include <catch2/catch.hpp>

#include <set>

namespace sunder::replication {
namespace {

using Changes = SplitBrainFacts::Changes;
using Side = SplitBrainFacts::Side;

template <class Enum>
test::Column named(std::string column, Enum last) {
    test::Column made{std::move(column), {}};
    for (unsigned value = 0; value <= static_cast<unsigned>(last); ++value)
        made.values.emplace_back(name_of(static_cast<Enum>(value)));
    return made;
}

test::GoldenTable const& table() {
    static auto const read = [] {
        test::Column rules{"rule", {}};
        for (unsigned i = 0; i < static_cast<unsigned>(SplitBrainRule::last); ++i)
            rules.values.emplace_back(text_of(static_cast<SplitBrainRule>(i)).name);
        return test::GoldenTable::load(
            "tests/replication/split_brain_table.txt",
            {named("policy", SplitBrainPolicy::discard_node), named("changes", Changes::as_many),
             named("younger", Side::second), named("named", Side::second)},
            {named("loser", Side::second), rules});
    }();
    if (!read) FAIL(read.error());
    return *read;
}

SplitBrainFacts facts_of(test::FactCell const& cell) {
    return {static_cast<SplitBrainPolicy>(cell[0]), static_cast<Changes>(cell[1]),
            static_cast<Side>(cell[2]), static_cast<Side>(cell[3])};
}

Hello hello(std::uint64_t bits, std::uint32_t era, std::uint8_t node, bool log = true) {
    Hello made;
    made.intent_log = log;
    made.cell.era = Era{era, NodeId{node}};
    if (bits != 0) {
        Bitmap set(16);
        for (std::uint64_t bit = 0; bit < bits; ++bit) set.set(bit);
        made.bits = std::make_shared<Bitmap const>(set);
    }
    return made;
}

using Driver = testing::MachineDriver;

constexpr std::uint64_t blocks_of_a_chunk = 128 / 8;

/// A source whose peer was lost, and that wrote to two chunks since, beside one that is named yet
/// although both have it.
Driver alone(bool intent_log = true) {
    Driver driver(true, true, intent_log);
    driver.mirror();
    driver.ask(HostOp::write, 0);
    driver.settle_all();
    auto const record = driver.sent<Record>();
    REQUIRE(record.size() == 1);
    driver.arrive(RecordAck{record[0].sequence});
    driver.give(input::ConnectionDown{Driver::peer, Driver::connection});
    for (std::uint64_t const chunk : {1U, 2U}) driver.ask(HostOp::write, chunk * blocks_of_a_chunk);
    driver.settle_all();
    REQUIRE(driver.replies().size() == 3);
    return driver;
}

/// The peer has gone on by itself from what both held.
Hello parted(Driver const& driver, std::uint64_t bits) {
    Hello made;
    made.cell = driver.machine.cell();
    made.cell.current = {99, Minted::without_peer};
    made.cell.peers[Driver::peer.value] = {};
    made.cell.peers[Driver::self.value].base = made_with;
    made.in_service = made.intent_log = made.bitmap_merge = true;
    made.extended = all_copies(2);
    Bitmap set(driver.machine.log().chunks());
    for (std::uint64_t bit = 0; bit < bits; ++bit) set.set(bit);
    if (bits != 0) made.bits = std::make_shared<Bitmap const>(set);
    return made;
}

void meet(Driver& driver, Hello const& theirs) {
    driver.connect();
    driver.arrive(std::make_shared<Hello const>(theirs));
    driver.settle_all();
}

}  // namespace

TEST_CASE("does the code answer each cell of the split brain table, and the table each cell?") {
    std::set<std::string_view> rules;
    for (auto const& cell : table().cells()) {
        INFO(table().describe(cell));
        auto const rows = table().matching(cell);
        REQUIRE(rows.size() == 1);
        SplitBrainDecision const decision = decide_split_brain(facts_of(cell));
        rules.insert(text_of(decision.rule).name);
        CHECK(table().answer(*rows[0], 0) == name_of(decision.loser));
        CHECK(table().answer(*rows[0], 1) == text_of(decision.rule).name);
        CHECK_FALSE(text_of(decision.rule).words.empty());
        CHECK(rows[0]->why.find_first_of("RSGC") == 0);
    }
    CHECK(rules.size() == static_cast<std::size_t>(SplitBrainRule::last));
}

TEST_CASE("what two hellos say of changes and eras (G23)") {
    auto const facts = [](Hello const& a, Hello const& b) {
        return split_brain_facts(SplitBrainPolicy::discard_younger, a, b);
    };
    CHECK(facts(hello(0, 1, 0), hello(0, 1, 0)).changes == Changes::neither);
    CHECK(facts(hello(1, 1, 0), hello(0, 1, 0)).changes == Changes::first_only);
    CHECK(facts(hello(0, 1, 0), hello(2, 1, 0)).changes == Changes::second_only);
    CHECK(facts(hello(3, 1, 0), hello(2, 1, 0)).changes == Changes::first_more);
    CHECK(facts(hello(1, 1, 0), hello(2, 1, 0)).changes == Changes::second_more);
    CHECK(facts(hello(2, 1, 0), hello(2, 1, 0)).changes == Changes::as_many);
    CHECK(facts(hello(2, 1, 0, false), hello(2, 1, 0)).changes == Changes::unknown);
    CHECK(facts(hello(0, 1, 0), hello(0, 2, 1)).younger == Side::second);
    CHECK(facts(hello(0, 2, 1), hello(0, 2, 0)).younger == Side::first);
    CHECK(facts(hello(0, 1, 0), hello(0, 1, 0)).younger == Side::neither);
}

TEST_CASE("each side of a split brain knows what either would give up, at most (R33)") {
    Driver driver = alone();
    CHECK_FALSE(driver.machine.split_brain_loss(Driver::peer));
    meet(driver, parted(driver, 5));
    REQUIRE(driver.machine.split(Driver::peer));
    CHECK(driver.machine.split_brain_loss(Driver::peer) == SplitBrainLoss{3, 5, true});
    // Its own is as it is now; the peer's is as it was said.
    driver.ask(HostOp::write, 3 * blocks_of_a_chunk);
    driver.settle_all();
    CHECK(driver.machine.split_brain_loss(Driver::peer) == SplitBrainLoss{4, 5, true});
    Hello stopped = parted(driver, 6);
    stopped.in_service = false;
    driver.arrive(std::make_shared<Hello const>(stopped));
    CHECK(driver.machine.split_brain_loss(Driver::peer) == SplitBrainLoss{4, 6, false});
    stopped.bits = nullptr;
    driver.arrive(std::make_shared<Hello const>(stopped));
    CHECK(driver.machine.split_brain_loss(Driver::peer) == SplitBrainLoss{4, 0, false});
    driver.give(input::ConnectionDown{Driver::peer, Driver::connection});
    CHECK_FALSE(driver.machine.split_brain_loss(Driver::peer));
}

TEST_CASE("where nobody has counted from what both held, all may be given up (R18, R33)") {
    Driver driver = alone();
    Hello theirs = parted(driver, 5);
    theirs.intent_log = false;
    meet(driver, theirs);
    CHECK(driver.machine.split_brain_loss(Driver::peer) == SplitBrainLoss{3, std::nullopt, true});

    Driver without = alone(false);
    meet(without, parted(without, 5));
    CHECK(without.machine.split_brain_loss(Driver::peer) == SplitBrainLoss{std::nullopt, 5, true});

    Driver stranger = alone();
    theirs = parted(stranger, 5);
    theirs.cell.history.clear();
    theirs.cell.peers[Driver::self.value] = {};
    meet(stranger, theirs);
    CHECK(stranger.machine.split_brain_loss(Driver::peer) ==
          SplitBrainLoss{std::nullopt, std::nullopt, true});
}

TEST_CASE("copies that have not parted have nothing to give up") {
    Driver driver = alone();
    Hello theirs = parted(driver, 0);
    theirs.cell.current = made_with;
    theirs.cell.history.clear();
    theirs.cell.peers[Driver::self.value] = {};
    theirs.cell.last_owner = theirs.in_service = false;
    theirs.cell.role = Role::target;
    meet(driver, theirs);
    CHECK_FALSE(driver.machine.split_brain_loss(Driver::peer));
    Driver mirroring;
    mirroring.mirror();
    CHECK_FALSE(mirroring.machine.split_brain_loss(Driver::peer));
}

}  // namespace sunder::replication
