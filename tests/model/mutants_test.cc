// SPDX-License-Identifier: BSD-3-Clause
//
// Every mutant that two nodes, or three, and a few blocks can express is found by the exhaustive
// search, within a budget of a fault or two, or it is said why not; and the scenario that the
// search writes about it plays, in the simulator, to a violation of the same property.
#include "base/mutant.h"
#include "scenarios/language/load.h"
#include "scenarios/language/play.h"
#include "scenarios/language/write.h"
#include "tests/model/setup.h"
#include "tests/netsim/checkers/missed.h"

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
    /// The simulator's checker looks when something reaches a disk, and then all is well again; or
    /// it goes by moments, and all of it happens in one; or it goes by what hosts read, and no host
    /// looks again.
    bool passes_unseen = false;
    std::uint8_t blocks = 2;
    unsigned deviations = netsim::any_number;
    netsim::Mode mode = netsim::Mode::synchronous;
    netsim::Timing timing = netsim::Timing::by_duration;
    std::uint8_t copies = 2;
};

// writes, flushes, crashes, power cuts, cuts, resets, forces, switchovers
constexpr Amounts one_write{1, 0, 0, 0, 0, 0, 0, 0};
constexpr Amounts write_and_crash{1, 0, 1, 0, 0, 0, 0, 0};
constexpr Amounts write_and_cut{1, 0, 0, 0, 1, 0, 0, 0};
constexpr Amounts write_and_reset{1, 0, 0, 0, 0, 1, 0, 0};
constexpr Amounts write_and_trim{.writes = 1, .trims = 1};
constexpr Amounts write_and_pause{.writes = 1, .pauses = 1};
constexpr Amounts two_crashes{0, 0, 2, 0, 0, 0, 0, 0};
constexpr Amounts crashes_and_force{0, 0, 2, 0, 0, 0, 1, 0};

/// Those that a search finds in seconds; where so many orders would take minutes, with a limit on
/// deviations.
constexpr Found table[] = {
    {Mutant::bit_set_late, "1 write", one_write, "intent_log_superset"},
    {Mutant::bit_cleared_on_receipt, "1 write", one_write, "intent_log_superset", true},
    {Mutant::bits_never_cleared, "1 write", one_write, "mirror_equality"},
    {Mutant::apply_out_of_order, "1 write", one_write, "intent_log_superset"},
    {.mutant = Mutant::pulled_ahead_unsaid,
     .within = "2 writes, asynchronous",
     .most = {.writes = 2},
     .property = "intent_log_superset",
     .mode = netsim::Mode::asynchronous},
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
    {Mutant::acknowledge_before_leg, "1 write, 1 crash", write_and_crash, "resync_convergence"},
    {Mutant::finish_overtakes, "1 write, 1 crash", write_and_crash, "resync_convergence"},
    {Mutant::interrupted_is_done,
     "1 write, 2 resets",
     {.writes = 1, .resets = 2},
     "mirror_equality",
     false,
     1},
    {Mutant::later_copy_overwritten, "1 write, 1 cut", write_and_cut, "no_silent_split_brain"},
    {Mutant::overlaps_in_flight, "2 writes", {.writes = 2}, "errors_are_not_data"},
    {Mutant::flush_acknowledged_alone,
     "1 write, 1 flush",
     {.writes = 1, .flushes = 1},
     "flush_makes_durable"},
    {Mutant::failed_flush_forgotten,
     "2 flushes, 1 disk fault",
     {.flushes = 2, .disk_faults = 1},
     "flush_makes_durable",
     true},
    {Mutant::read_error_answered,
     "1 read, 1 disk fault",
     {.reads = 1, .disk_faults = 1},
     "errors_are_not_data"},
    {Mutant::failed_write_acknowledged,
     "1 write, 1 disk fault",
     {.writes = 1, .disk_faults = 1},
     "errors_are_not_data"},
    {Mutant::trim_not_applied, "1 write, 1 trim", write_and_trim, "zeroes_on_every_copy"},
    {Mutant::trim_leaves_no_bit, "1 write, 1 trim", write_and_trim, "intent_log_superset"},
    {Mutant::acknowledge_without_outdated,
     "1 write, 1 crash, 1 cut",
     {.writes = 1, .crashes = 1, .cuts = 1},
     "no_silent_split_brain",
     false,
     2,
     1},
    {Mutant::read_overtakes_write,
     "1 write, 1 read, 1 crash, 1 cut",
     {.writes = 1, .crashes = 1, .cuts = 1, .reads = 1},
     "linearizability",
     true,
     2,
     0},
    {Mutant::queue_dropped_at_promotion, "1 write, 1 crash, any order", write_and_crash,
     "asynchronous_prefix", false, 1, 2, netsim::Mode::asynchronous, netsim::Timing::any_order},
    {Mutant::applying_not_stored,
     "1 write, 1 power cut",
     {.writes = 1, .power_cuts = 1},
     "no_promotion_of_inconsistent_copy",
     false,
     2,
     0},
    {Mutant::damaged_page_trusted, "1 write, 1 crash", write_and_crash,
     "boots_with_what_was_stable", false, 2, 1},
    {Mutant::stale_page_trusted,
     "1 write, 2 crashes",
     {.writes = 1, .crashes = 2},
     "boots_with_what_was_stable",
     false,
     2,
     2},
    {Mutant::written_apart_unnamed, "1 write, 1 pause", write_and_pause, "intent_log_superset"},
    {Mutant::resume_on_old_word, "1 write, 1 pause", write_and_pause, "mirror_equality"},
    {Mutant::pause_forgotten,
     "1 crash, 1 pause",
     {.crashes = 1, .pauses = 1},
     "no_promotion_of_inconsistent_copy"},
    {.mutant = Mutant::targets_unnamed,
     .within = "3 copies, 1 write, 1 crash",
     .most = {.writes = 1, .crashes = 1},
     .property = "intent_log_superset",
     .deviations = 1,
     .copies = 3},
    {.mutant = Mutant::heirs_untold,
     .within = "3 copies, write, crash, cut",
     .most = {.writes = 1, .crashes = 1, .cuts = 1},
     .property = "resync_completes",
     .passes_unseen = true,
     .deviations = 0,
     .copies = 3},
    {.mutant = Mutant::vouched_too_early,
     .within = "3 copies, write, crash, cut",
     .most = {.writes = 1, .crashes = 1, .cuts = 1},
     .property = "intent_log_superset",
     .passes_unseen = true,
     .deviations = 0,
     .copies = 3},
    {Mutant::absence_excused, "1 write, 1 crash", write_and_crash, "intent_log_superset"},
    {Mutant::barrier_passes_held, "1 write", one_write, "intent_log_superset"},
    {Mutant::cursor_never_returns,
     "2 writes, 1 crash",
     {.writes = 2, .crashes = 1},
     "resync_completes",
     true},
    {.mutant = Mutant::absence_stored_once,
     .within = "2 writes, 2 resets, 1 crash",
     .most = {.writes = 2, .crashes = 1, .resets = 2},
     .property = "no_silent_split_brain",
     .deviations = 1},
    {.mutant = Mutant::resync_unnamed,
     .within = "3 copies, 1 write, 3 crashes",
     .most = {.writes = 1, .crashes = 3},
     .property = "intent_log_superset",
     .deviations = 0,
     .copies = 3},
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
    fmt::print("{:28} {:28} {:34} {:>7} states  {:>2} events\n", "mutant", "within", "property", "",
               "");
    for (Found const& one : table) {
        INFO(name_of(one.mutant) << " within " << one.within);
        living_mutant = one.mutant;
        netsim::Bounds bound = bounds(one.most);
        bound.blocks = one.blocks;
        bound.deviations = one.deviations;
        bound.timing = one.timing;
        Setup setup;
        setup.mode = one.mode;
        setup.copies = one.copies;
        auto const done = language::exhaust(
            scenario(setup, bound), [](netsim::Reached const& r) { return r.states < 2'000'000; });
        REQUIRE(done);
        REQUIRE(done->result.verdict == SearchResult::Verdict::violated);
        netsim::Counterexample const& found = *done->result.counterexample;
        CHECK(found.violation.property == one.property);
        fmt::print("{:28} {:28} {:34} {:>7} states  {:>2} events\n", name_of(one.mutant),
                   one.within, found.violation.property, done->result.rounds.back().states,
                   found.repaired_at);

        // With all that may be left out it is found all the same. A mutant lives in one thread.
        auto const again = language::exhaust(
            scenario(setup, bound), [](netsim::Reached const& r) { return r.states < 2'000'000; },
            {{.chains = true, .blocks = true}, 1, {}, {}});
        REQUIRE(again);
        REQUIRE(again->result.counterexample);
        CHECK(again->result.counterexample->violation.property == one.property);
        CHECK(again->result.counterexample->repaired_at == found.repaired_at);

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

TEST_CASE("every mutant is found by a search, or it is said why not") {
    for (auto which = 1; which < static_cast<int>(Mutant::last); ++which) {
        auto const mutant = static_cast<Mutant>(which);
        INFO(name_of(mutant));
        auto const found = std::ranges::count(table, mutant, &Found::mutant);
        CHECK(found == (netsim::test::why_searches_miss(mutant).empty() ? 1 : 0));
    }
}

}  // namespace sunder::model
