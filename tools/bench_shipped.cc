// SPDX-License-Identifier: BSD-3-Clause
//
// Files of the system that is replayed, the first case of each.
#include "tools/bench_shipped.h"

#include "scenarios/campaign/hunter.h"
#include "scenarios/language/exhaust.h"
#include "scenarios/language/load.h"
#include "tools/bench_support.h"

#include <fmt/format.h>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace sunder::bench {

namespace {

language::Scenario shipped(std::string const& name) {
    auto loaded = language::load(SUNDER_SCENARIOS "/datakeeper/" + name + ".yaml");
    if (!loaded) {
        fmt::print(stderr, "{}", language::to_text(loaded.error()));
        std::exit(3);
    }
    return std::move(loaded->front());
}

/// Of a search that proves the bound; ends the process when it does not.
double states_of(language::Scenario const& scenario, netsim::Reductions const& reductions) {
    language::Exhausting how;
    how.reduce = reductions;
    auto const done = language::exhaust(scenario, [](netsim::Reached const&) { return true; }, how);
    if (!done || done->result.verdict != netsim::SearchResult::Verdict::proved) {
        fmt::print(stderr, "bench: {} is not proved\n", scenario.path);
        std::exit(1);
    }
    return static_cast<double>(done->result.rounds.back().states);
}

}  // namespace

void print_campaign() {
    constexpr int runs = 1000;
    language::Scenario const first = shipped("1-source-dies-and-returns");
    double const time = median_seconds(
        [&] {
            campaign::Hunter hunter(first, {.seed = 1});
            for (int run = 0; run < runs; ++run) hunter.hunt();
        },
        3);
    double const rate = runs / time;
    fmt::print("{:58} {:>14.0f} {:12} (aim {:.0f}, ratio {:.2f})\n",
               "a campaign on scenario 1 as it is shipped, one thread", rate, "runs/s", 1000.0,
               rate / 1000);
}

void print_reductions() {
    for (char const* name :
         {"1-source-dies-and-returns", "chained-network", "fencing-guarded-takes-over",
          "three-copies-old-source-returns-as-the-next-dies"}) {
        language::Scenario const scenario = shipped(name);
        double const all = states_of(scenario, {false, false, false});
        double const kept = states_of(scenario, {true, true, true});
        fmt::print("{:58} {:>14.0f} states of {:.0f} (aim 10 times fewer: {:.1f})\n",
                   fmt::format("reductions: {}", name).substr(0, 58), kept, all, all / kept);
    }
}

}  // namespace sunder::bench
