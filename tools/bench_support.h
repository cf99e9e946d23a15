// SPDX-License-Identifier: BSD-3-Clause
//
// How the bench measures: medians of several runs, of scenarios that have to load and to hold.
#pragma once

#include "scenarios/language/play.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <functional>
#include <string>

namespace sunder::bench {

/// The median of an odd number of runs.
[[nodiscard]] double median_seconds(std::function<void()> const& work, int runs = 5);

/// The scenario that `text` says; ends the process when it is wrong.
[[nodiscard]] language::Scenario scenario_of(std::string const& text);

/// Ends the process when the scenario does not hold.
language::Outcome play_well(language::Scenario const& scenario, std::uint64_t seed = 1);

}  // namespace sunder::bench
