// SPDX-License-Identifier: BSD-3-Clause
//
// How many states there are within small bounds, pinned: a change of the machines that adds an
// order of events, or takes one away, shows here before anything else notices. All of them are
// proved.
#include "tests/model/setup.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

namespace sunder::model {
namespace {

struct Count {
    char const* words;
    Setup setup;
    netsim::Amounts most;
    netsim::Timing timing;
    std::uint64_t states;  ///< of the last round
    unsigned deviations = netsim::any_number;
};

constexpr auto by_duration = netsim::Timing::by_duration;
constexpr auto any_order = netsim::Timing::any_order;
constexpr Setup asynchronous{netsim::Mode::asynchronous, false, true, true};
constexpr Setup guarded{netsim::Mode::synchronous, true, true, true};
constexpr Setup guarded_and_fenced{.guarded = true, .fenced = true};
constexpr Setup without_log{netsim::Mode::synchronous, false, false, true};

constexpr Setup three_copies{.copies = 3};
constexpr Setup three_asynchronous{.mode = netsim::Mode::asynchronous, .copies = 3};
constexpr Setup three_last_lags{.copies = 3, .last_lags = true};
constexpr Setup youngest_gives_up{netsim::Mode::synchronous, false, true, true,
                                  replication::SplitBrainPolicy::discard_younger};

// writes, flushes, crashes, power cuts, cuts, resets, forces, switchovers; what follows by name
constexpr Count counts[] = {
    {"1 write", {}, {1, 0, 0, 0, 0, 0, 0, 0}, by_duration, 83},
    {"1 write, asynchronous", asynchronous, {1, 0, 0, 0, 0, 0, 0, 0}, by_duration, 83},
    {"1 write, without a log", without_log, {1, 0, 0, 0, 0, 0, 0, 0}, by_duration, 275},
    {"2 writes", {}, {2, 0, 0, 0, 0, 0, 0, 0}, by_duration, 5847},
    {"1 reset", {}, {0, 0, 0, 0, 0, 1, 0, 0}, by_duration, 188},
    {"1 crash", {}, {0, 0, 1, 0, 0, 0, 0, 0}, by_duration, 1572},
    {"1 crash, guarded", guarded, {0, 0, 1, 0, 0, 0, 0, 0}, by_duration, 1071},
    {"1 crash, any order", {}, {0, 0, 1, 0, 0, 0, 0, 0}, any_order, 47484},
    {"1 power cut", {}, {0, 0, 0, 1, 0, 0, 0, 0}, by_duration, 2279},
    {"1 cut", {}, {0, 0, 0, 0, 1, 0, 0, 0}, by_duration, 3330},
    {"1 cut, guarded", guarded, {0, 0, 0, 0, 1, 0, 0, 0}, by_duration, 512},
    {"2 crashes", {}, {0, 0, 2, 0, 0, 0, 0, 0}, by_duration, 128986},
    {"1 write, 1 flush", {}, {.writes = 1, .flushes = 1}, by_duration, 2255},
    {"1 write, 1 read", {}, {.writes = 1, .reads = 1}, by_duration, 616},
    {"1 write, 1 trim", {}, {.writes = 1, .trims = 1}, by_duration, 11693},
    {"1 pause", {}, {.pauses = 1}, by_duration, 481},
    {"1 flush, 1 disk fault", {}, {.flushes = 1, .disk_faults = 1}, by_duration, 967},
    {"1 write, 1 crash, in turn", {}, {.writes = 1, .crashes = 1}, by_duration, 1073, 0},
    {"1 write, 1 crash, 1 deviation", {}, {.writes = 1, .crashes = 1}, by_duration, 6658, 1},
    {"1 write, 1 crash, 2 deviations", {}, {.writes = 1, .crashes = 1}, by_duration, 21501, 2},
    {"1 write, 1 cut, 1 deviation", {}, {.writes = 1, .cuts = 1}, by_duration, 8325, 1},
    {"1 write, 1 cut, 1 deviation, guarded, fenced",
     guarded_and_fenced,
     {.writes = 1, .cuts = 1},
     by_duration,
     22326,
     1},
    {"1 read, 1 crash, 1 cut, in turn, guarded, fenced",
     guarded_and_fenced,
     {.crashes = 1, .cuts = 1, .reads = 1},
     by_duration,
     6256,
     0},
    {"1 write, 1 cut, 1 deviation, guarded",
     guarded,
     {.writes = 1, .cuts = 1},
     by_duration,
     3528,
     1},
    {"1 write, 1 crash, 1 cut, 1 deviation",
     {},
     {.writes = 1, .crashes = 1, .cuts = 1},
     by_duration,
     151386,
     1},
    {"one of each, in turn",
     {},
     {.writes = 1, .crashes = 1, .power_cuts = 1, .cuts = 1},
     by_duration,
     265869,
     0},
    {"2 writes, 1 crash, 1 power cut, in turn, asynchronous",
     asynchronous,
     {.writes = 2, .crashes = 1, .power_cuts = 1},
     by_duration,
     169151,
     0},
    {"2 writes, 1 cut, in turn, the younger side gives up",
     youngest_gives_up,
     {.writes = 2, .cuts = 1},
     by_duration,
     8872,
     0},
    {"1 write, 1 flush, 1 cut, in turn",
     {},
     {.writes = 1, .flushes = 1, .cuts = 1},
     by_duration,
     4538,
     0},
    {"three copies: 1 write, 1 crash, 1 deviation",
     three_copies,
     {.writes = 1, .crashes = 1},
     by_duration,
     62474,
     1},
    {"three copies: 1 write, 2 crashes, in turn",
     three_copies,
     {.writes = 1, .crashes = 2},
     by_duration,
     109230,
     0},
    {"three copies: 1 write, 1 crash, 1 power cut, in turn",
     three_copies,
     {.writes = 1, .crashes = 1, .power_cuts = 1},
     by_duration,
     359430,
     0},
    {"three copies: 1 crash, 1 cut, in turn",
     three_copies,
     {.crashes = 1, .cuts = 1},
     by_duration,
     8365,
     0},
    {"three copies: 2 writes, 1 cut, in turn",
     three_copies,
     {.writes = 2, .cuts = 1},
     by_duration,
     44717,
     0},
    {"three copies: 2 writes, 1 power cut, in turn, asynchronous",
     three_asynchronous,
     {.writes = 2, .power_cuts = 1},
     by_duration,
     59819,
     0},
    {"three copies: 2 writes, 1 power cut, in turn, the last copy lags",
     three_last_lags,
     {.writes = 2, .power_cuts = 1},
     by_duration,
     58945,
     0},
    {"1 crash, 1 force, 1 deviation", {}, {.crashes = 1, .forces = 1}, by_duration, 1197, 1},
};

netsim::SearchResult explored(Count const& count) {
    netsim::Bounds bound = bounds(count.most);
    bound.timing = count.timing;
    bound.deviations = count.deviations;
    auto const done = language::exhaust(scenario(count.setup, bound), {});
    REQUIRE(done);
    return done->result;
}

}  // namespace

TEST_CASE("the states within small bounds are all proved, and are as many as they were") {
    for (Count const& count : counts) {
        netsim::SearchResult const result = explored(count);
        INFO(count.words);
        if (result.counterexample) {
            INFO(result.counterexample->violation.property
                 << ": " << result.counterexample->violation.story);
            FAIL("a counterexample");
        }
        CHECK(result.verdict == netsim::SearchResult::Verdict::proved);
        CHECK(result.rounds.back().states == count.states);
        // From each state the repaired cluster's way to rest is remembered; it is longer for three.
        double const most = count.setup.copies == 2 ? 64 : 160;
        std::uint64_t const states = std::max<std::uint64_t>(result.rounds.back().states, 10'000);
        CHECK(result.bytes / static_cast<double>(states) <= most);
    }
}

}  // namespace sunder::model
