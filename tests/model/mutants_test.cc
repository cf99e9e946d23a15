// SPDX-License-Identifier: BSD-3-Clause
//
// Every mutant that two nodes and a few blocks can express is found by the exhaustive search, within
// a budget of a fault or two; and the scenario that the search writes about it plays, in the
// simulator, to a violation of the same property.
#include "base/mutant.h"
#include "scenarios/language/load.h"
#include "scenarios/language/play.h"
#include "scenarios/language/write.h"
#include "tests/model/two_nodes.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace sunder::model {
namespace {

using netsim::Amounts;
using netsim::SearchResult;

struct Rung {
    char const* words;
    Setup setup;
    Amounts most;
};

constexpr Setup synchronous{};
constexpr Setup asynchronous{netsim::Mode::asynchronous, false, true, true};

// writes, flushes, crashes, power cuts, cuts, resets, forces, switchovers
constexpr Rung ladder[] = {
    {"1 write", synchronous, {1, 0, 0, 0, 0, 0, 0, 0}},
    {"2 writes", synchronous, {2, 0, 0, 0, 0, 0, 0, 0}},
    {"1 reset", synchronous, {0, 0, 0, 0, 0, 1, 0, 0}},
    {"1 crash", synchronous, {0, 0, 1, 0, 0, 0, 0, 0}},
    {"1 cut", synchronous, {0, 0, 0, 0, 1, 0, 0, 0}},
    {"1 write, 1 crash", synchronous, {1, 0, 1, 0, 0, 0, 0, 0}},
    {"1 write, 1 power cut", synchronous, {1, 0, 0, 1, 0, 0, 0, 0}},
    {"1 write, 1 reset", synchronous, {1, 0, 0, 0, 0, 1, 0, 0}},
    {"1 write, 1 cut", synchronous, {1, 0, 0, 0, 1, 0, 0, 0}},
    {"2 crashes", synchronous, {0, 0, 2, 0, 0, 0, 0, 0}},
    {"1 write, 1 crash, asynchronous", asynchronous, {1, 0, 1, 0, 0, 0, 0, 0}},
    {"2 writes, 1 crash, asynchronous", asynchronous, {2, 0, 1, 0, 0, 0, 0, 0}},
    {"1 write, 1 crash, 1 reset", synchronous, {1, 0, 1, 0, 0, 1, 0, 0}},
    {"1 write, 1 power cut, 1 reset", synchronous, {1, 0, 0, 1, 0, 1, 0, 0}},
    {"1 write, 2 crashes", synchronous, {1, 0, 2, 0, 0, 0, 0, 0}},
    {"2 writes, 1 reset", synchronous, {2, 0, 0, 0, 0, 1, 0, 0}},
    {"1 write, 1 flush, 1 power cut", synchronous, {1, 1, 0, 1, 0, 0, 0, 0}},
    {"1 crash, 1 power cut", synchronous, {0, 0, 1, 1, 0, 0, 0, 0}},
    {"1 write, 1 crash, 1 power cut", synchronous, {1, 0, 1, 1, 0, 0, 0, 0}},
    {"2 writes, 1 power cut, 1 cut", synchronous, {2, 0, 0, 1, 1, 0, 0, 0}},
};

}  // namespace

TEST_CASE("one", "[.one]") {
    std::string const want = std::getenv("M");
    int const r = std::atoi(std::getenv("R"));
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        if (name_of(static_cast<Mutant>(m)) != want) continue;
        Rung const& rung = ladder[r];
        living_mutant = static_cast<Mutant>(m);
        auto const began = std::chrono::steady_clock::now();
        auto const seconds = [&] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        };
        auto const done = language::explore(scenario(rung.setup, bounds(rung.most)),
                                            [&](netsim::Reached const&) { return seconds() < 30; });
        living_mutant = Mutant::none;
        fmt::print("{:32} {:34} {:34} {:>8} states {:.2f} s, {} events\n", want, rung.words,
                   done && done->result.counterexample ? done->result.counterexample->violation.property : "-",
                   done ? done->result.rounds.back().states : 0, seconds(),
                   done && done->result.counterexample ? done->result.counterexample->path.size() : 0);
    }
}

}  // namespace sunder::model
