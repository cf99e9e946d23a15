// SPDX-License-Identifier: BSD-3-Clause
//
// Plays a scenario of two nodes that a test writes as its steps alone.
#pragma once

#include "scenarios/language/load.h"
#include "scenarios/language/play.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <string>

namespace sunder::testing {

/// `cluster`: more lines of the cluster, indented by two; `rest`: workload and expectations.
inline language::Scenario scenario_of(std::string const& steps, std::string const& rest = "",
                                      std::string const& cluster = "") {
    std::string const text = fmt::format(
        "scenario: test\n"
        "cluster:\n"
        "  nodes: {{server1: {{}}, server2: {{}}}}\n"
        "  network: [{{link: [server1, server2], latency: 200 us, bandwidth: 1 Gbit/s}}]\n"
        "  mirrors: {{datarep: {{size: 1 MiB, on: [server1, server2]}}}}\n"
        "{}{}steps:\n{}",
        cluster, rest, steps);
    auto loaded = language::load_text("test.yaml", text);
    if (!loaded) UNSCOPED_INFO(language::to_text(loaded.error()));
    REQUIRE(loaded.has_value());
    return loaded->front();
}

/// Plays it, and tells the whole story if it did not hold.
inline language::Outcome play_well(language::Scenario const& scenario, std::uint64_t seed = 1) {
    language::PlayOptions options;
    options.seed = seed;
    options.narrate = true;
    language::Outcome outcome = language::play(scenario, options);
    if (outcome.result != language::Result::held) {
        for (std::string const& line : outcome.narration) UNSCOPED_INFO(line);
        if (outcome.failure) UNSCOPED_INFO(outcome.failure->what + ": " + outcome.failure->instead);
        for (auto const& violation : outcome.violations)
            UNSCOPED_INFO(violation.property + ": " + violation.story);
    }
    return outcome;
}

}  // namespace sunder::testing
