// SPDX-License-Identifier: BSD-3-Clause
//
// A bench whose own run failed measured nothing: it says so and ends.
#include "tools/bench_support.h"

#include "scenarios/language/load.h"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace sunder::bench {

double median_seconds(std::function<void()> const& work, int runs) {
    std::vector<double> times;
    for (int run = 0; run < runs; ++run) {
        auto const began = std::chrono::steady_clock::now();
        work();
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
        times.push_back(took.count());
    }
    std::ranges::sort(times);
    return times[times.size() / 2];
}

language::Scenario scenario_of(std::string const& text) {
    auto loaded = language::load_text("bench.yaml", text);
    if (!loaded) {
        fmt::print(stderr, "{}", language::to_text(loaded.error()));
        std::exit(3);
    }
    return loaded->front();
}

language::Outcome play_well(language::Scenario const& scenario, std::uint64_t seed) {
    language::PlayOptions options;
    options.seed = seed;
    language::Outcome outcome = language::play(scenario, options);
    if (outcome.result != language::Result::held) {
        fmt::print(stderr, "the bench run itself failed (seed {})\n", seed);
        std::exit(1);
    }
    return outcome;
}

}  // namespace sunder::bench
