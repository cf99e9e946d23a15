// SPDX-License-Identifier: BSD-3-Clause
//
// Every mutant that two nodes and a few blocks can express is found by the exhaustive search,
// within a budget of a fault or two; and the scenario that the search writes about it plays, in the
// simulator, to a violation of the same property.
#include "base/mutant.h"
#include "scenarios/language/load.h"
#include "scenarios/language/play.h"
#include "scenarios/language/write.h"
#include "tests/model/two_nodes.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>

namespace sunder::model {
namespace {

using netsim::Amounts;
using netsim::SearchResult;

struct Found {
    Mutant mutant;
    char const* within;
    Amounts most;
    char const* property;
    /// The simulator's checker looks when something reaches a disk, and then all is well again.
    bool passes_unseen = false;
};

// writes, flushes, crashes, power cuts, cuts, resets, forces, switchovers
constexpr Amounts one_write{1, 0, 0, 0, 0, 0, 0, 0};
constexpr Amounts write_and_crash{1, 0, 1, 0, 0, 0, 0, 0};
constexpr Amounts write_and_cut{1, 0, 0, 0, 1, 0, 0, 0};
constexpr Amounts write_and_reset{1, 0, 0, 0, 0, 1, 0, 0};
constexpr Amounts two_crashes{0, 0, 2, 0, 0, 0, 0, 0};
constexpr Amounts crashes_and_force{0, 0, 2, 0, 0, 0, 1, 0};

/// Those that a search finds in seconds. The others need what it does not vary (reads, trims,
/// failing disks, several runs of a resync), or more faults than fit into a test.
constexpr Found table[] = {
    {Mutant::bit_set_late, "1 write", one_write, "intent_log_superset"},
    {Mutant::bit_cleared_on_receipt, "1 write", one_write, "intent_log_superset", true},
    {Mutant::bits_never_cleared, "1 write", one_write, "mirror_equality"},
    {Mutant::apply_out_of_order, "1 write", one_write, "intent_log_superset"},
    {Mutant::equal_label_believed, "1 write, 1 reset", write_and_reset, "mirror_equality"},
    {Mutant::dead_leg_awaited, "1 write, 1 reset", write_and_reset, "every_request_ends"},
    {Mutant::generation_not_minted, "1 write, 1 cut", write_and_cut, "no_silent_split_brain"},
    {Mutant::promote_while_resyncing, "1 write, 1 cut", write_and_cut,
     "no_promotion_of_inconsistent_copy"},
    {Mutant::resync_never_finishes, "1 write, 1 crash", write_and_crash, "resync_completes"},
    {Mutant::union_forgotten, "1 write, 1 crash", write_and_crash, "resync_convergence"},
    {Mutant::resync_without_lock, "1 write, 1 crash", write_and_crash, "resync_convergence"},
    {Mutant::finish_with_bits_left, "1 write, 1 crash", write_and_crash, "intent_log_superset"},
    {Mutant::booted_alone_promotes, "2 crashes", two_crashes, "no_promotion_of_inconsistent_copy"},
    {Mutant::corrupt_flag_sticks, "2 crashes", two_crashes, "both_back_in_service"},
    {Mutant::wrong_owner_accepted, "2 crashes, 1 force", crashes_and_force,
     "no_silent_split_brain"},
    {Mutant::force_unaudited, "2 crashes, 1 force", crashes_and_force, "every_loss_attributed"},
};

language::KnownNames known() {
    language::KnownNames names;
    for (netsim::CheckerText const& checker : netsim::Checkers::texts()) {
        names.checkers.emplace_back(checker.name);
    }
    return names;
}

}  // namespace

TEST_CASE("mutants are found by exhaustive search, and their counterexamples replay") {
    fmt::print("{:28} {:20} {:34} {:>7} states  {:>2} events\n", "mutant", "within", "property", "",
               "");
    for (Found const& one : table) {
        INFO(name_of(one.mutant) << " within " << one.within);
        living_mutant = one.mutant;
        auto const done =
            language::explore(scenario({}, bounds(one.most)),
                              [](netsim::Reached const& r) { return r.states < 2'000'000; });
        REQUIRE(done);
        REQUIRE(done->result.verdict == SearchResult::Verdict::violated);
        netsim::Counterexample const& found = *done->result.counterexample;
        CHECK(found.violation.property == one.property);
        fmt::print("{:28} {:20} {:34} {:>7} states  {:>2} events\n", name_of(one.mutant),
                   one.within, found.violation.property, done->result.rounds.back().states,
                   found.repaired_at);

        // The file that was written about it, read again, breaks something in the simulator too.
        std::string const text = language::to_yaml(*done->replay);
        INFO(text);
        language::Loaded const loaded = language::load_text("found.yaml", text, known());
        REQUIRE(loaded);
        language::Scenario replay = loaded->front();
        replay.expect.always.clear();
        language::Outcome const outcome = language::play(replay, {});
        living_mutant = Mutant::none;
        bool const told = outcome.failure.has_value();
        INFO((told ? outcome.failure->what + ": " + outcome.failure->instead : ""));
        CHECK_FALSE(told);
        bool const same = std::ranges::any_of(
            outcome.violations,
            [&](netsim::Violation const& violation) { return violation.property == one.property; });
        CHECK(same == !one.passes_unseen);
    }
}

}  // namespace sunder::model
