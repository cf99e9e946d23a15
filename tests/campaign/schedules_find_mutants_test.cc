// SPDX-License-Identifier: BSD-3-Clause
//
// That the guarantee of priority schedules is kept: of wrong engines whose bug has a depth that is
// shown here, by the definition of netsim/exhaust/schedule.h, schedules find at least as many as
// was promised; and what they find is written as a scenario that loads. Built with SUNDER_MUTANTS.
#include "base/mutant.h"
#include "scenarios/campaign/scheduler.h"
#include "scenarios/language/exhaust.h"
#include "scenarios/language/load.h"
#include "scenarios/language/play.h"
#include "tests/model/setup.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace sunder::campaign {
namespace {

using netsim::Schedule;
using netsim::Walker;

struct Known {
    Mutant mutant;
    netsim::Amounts most;
    char const* property;
    unsigned depth;
    std::uint32_t events;  ///< of a run, at most
};

constexpr Known table[] = {
    {Mutant::bit_set_late, {.writes = 1}, "intent_log_superset", 1, 15},
    {Mutant::bit_cleared_on_receipt, {.writes = 1}, "intent_log_superset", 1, 15},
    {Mutant::bits_never_cleared, {.writes = 1}, "mirror_equality", 1, 15},
    {Mutant::apply_out_of_order, {.writes = 1}, "intent_log_superset", 1, 15},
    {Mutant::barrier_passes_held, {.writes = 1}, "intent_log_superset", 1, 15},
    {Mutant::trim_leaves_no_bit, {.writes = 1, .trims = 1}, "intent_log_superset", 1, 31},
    {Mutant::flush_acknowledged_alone, {.writes = 1, .flushes = 1}, "flush_makes_durable", 2, 20},
    {Mutant::written_apart_unnamed, {.writes = 1, .pauses = 1}, "intent_log_superset", 2, 40},
    {Mutant::overlaps_in_flight, {.writes = 2}, "errors_are_not_data", 2, 28},
    {Mutant::trim_not_applied, {.writes = 1, .trims = 1}, "zeroes_on_every_copy", 1, 31},
    {Mutant::read_error_answered, {.reads = 1, .disk_faults = 1}, "errors_are_not_data", 2, 30},
    {Mutant::failed_write_acknowledged,
     {.writes = 1, .disk_faults = 1},
     "errors_are_not_data",
     2,
     30},
};

language::Scenario scenario(Known const& known) {
    netsim::Bounds bound = model::bounds(known.most);
    bound.blocks = 1;
    return model::scenario({}, bound);
}

bool breaks(Walker& walker, Schedule const& schedule, Known const& known) {
    netsim::Walked const walked = walker.walk(schedule, known.events);
    return walked.found && walked.found->violation.property == known.property;
}

/// The schedule with its streams in another order, in which this one is the last.
Schedule reordered(Schedule schedule, std::uint8_t last, RandomStream& dice) {
    std::vector<std::uint8_t>& order = schedule.order;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[dice.below(i)]);
    std::swap(*std::ranges::find(order, last), order.back());
    return schedule;
}

/// Whether, of some orders in which a stream is the last, all lead to the bug by some change, or,
/// for depth 1, by none.
bool always_found(Walker& walker, Schedule const& script, std::uint8_t last, unsigned depth,
                  Known const& known) {
    RandomStream dice(3, 3, last);
    for (int orders = 0; orders < (depth == 1 ? 200 : 25); ++orders) {
        Schedule schedule = reordered(script, last, dice);
        bool found = false;
        if (depth == 1) {
            found = breaks(walker, schedule, known);
        } else {
            for (std::uint32_t change = 1; change <= known.events && !found; ++change) {
                schedule.changes = {change};
                found = breaks(walker, schedule, known);
            }
        }
        if (!found) return false;
    }
    return true;
}

/// The least depth at which there is a stream of that kind, for this script; 3: none of 1 or 2.
unsigned depth_of(Walker& walker, Schedule const& script, Known const& known) {
    for (unsigned depth = 1; depth <= 2; ++depth) {
        for (std::uint8_t const last : script.order) {
            if (always_found(walker, script, last, depth, known)) return depth;
        }
    }
    return 3;
}

}  // namespace

TEST_CASE("priority schedules find bugs of a known depth as often as is promised") {
    fmt::print("{:28} {:>5} {:>8} {:>8} {:>6} of them\n", "mutant", "depth", "streams", "promised",
               "found");
    for (Known const& known : table) {
        INFO(name_of(known.mutant));
        language::Scenario const base = scenario(known);
        std::optional<netsim::World> const world = language::bounded_world(base);
        REQUIRE(world);
        living_mutant = known.mutant;
        Walker walker(*world, *base.bounded);
        netsim::Scheduling const& scheduling = walker.scheduling();
        RandomStream dice(7, 1, 0);
        constexpr std::uint64_t runs = 20'000;
        std::uint64_t found = 0;
        unsigned depth = 3;
        for (std::uint64_t run = 0; run < runs; ++run) {
            Schedule schedule = scheduling.draw(known.depth, known.events, dice);
            if (!breaks(walker, schedule, known)) continue;
            ++found;
            schedule.changes.clear();
            // Of another script the depth may be another one.
            if (depth > known.depth && found <= 20)
                depth = std::min(depth, depth_of(walker, schedule, known));
        }
        living_mutant = Mutant::none;
        double const promised =
            runs * netsim::least_chance(scheduling.scripts(), scheduling.streams().count(),
                                        known.events, known.depth);
        fmt::print("{:28} {:>5} {:>8} {:>8.3g} {:>6} of {}\n", name_of(known.mutant), depth,
                   scheduling.streams().count(), promised, found, runs);
        CHECK(depth == known.depth);
        CHECK(static_cast<double>(found) >= promised);
        CHECK(found > 0);
    }
}

TEST_CASE("what a priority schedule finds is written as a scenario that breaks the same") {
    language::KnownNames names;
    for (netsim::CheckerText const& checker : netsim::Checkers::texts()) {
        names.checkers.emplace_back(checker.name);
    }
    Known const& known = table[0];
    language::Scenario const base = scenario(known);
    std::optional<netsim::World> const world = language::bounded_world(base);
    REQUIRE(world);
    living_mutant = known.mutant;
    Scheduler scheduler(base, *world, {.seed = 1});
    for (int run = 0; run < 200; ++run) scheduler.hunt();
    CaseResults const& results = scheduler.results();
    REQUIRE(results.findings.size() == 1);
    Finding const& finding = results.findings.front();
    CHECK(finding.property == known.property);
    CHECK(finding.count == results.violated);
    CHECK(finding.count > 10);
    INFO(finding.text);
    language::Loaded const loaded = language::load_text("found.yaml", finding.text, names);
    REQUIRE(loaded);
    CHECK(loaded->front().steps.size() == finding.steps);
    CHECK(finding.steps == 4);  // the write and one event between two rests: no search finds fewer
    language::Outcome const outcome = language::play(loaded->front(), {});
    living_mutant = Mutant::none;
    REQUIRE_FALSE(outcome.violations.empty());
    CHECK(outcome.violations.front().property == known.property);
}

}  // namespace sunder::campaign
