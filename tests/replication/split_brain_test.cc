// SPDX-License-Identifier: BSD-3-Clause
//
// Holds decide_split_brain against its golden table, cell by cell, and asks whether both sides
// always come to the same answer.
#include "replication/split_brain.h"

#include "tests/support/golden_table.h"

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

}  // namespace sunder::replication
