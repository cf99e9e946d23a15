// SPDX-License-Identifier: BSD-3-Clause
//
// Makes a failing scenario small. The run is first written down as what was done to the world and
// when, workloads request by request; then whatever can go without the failure going is taken away,
// and what remains is made simpler: times, places, sizes, chance. The same property has to break
// after each change.
#pragma once

#include "scenarios/language/play.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

namespace sunder::language {

struct ShrinkOptions {
    std::uint64_t seed = 1;
    /// That has to go on breaking; empty: whichever the run breaks first.
    std::string property;
    /// Of all attempts together; then the work ends, too.
    std::uint64_t most_events = std::numeric_limits<std::uint64_t>::max();
    /// Asked before each attempt; false ends the work with what has been reached.
    std::function<bool()> go_on;
    /// Asked within attempts as well: false gives up the one under way, and ends the work.
    std::function<bool()> in_time;
};

struct Shrunk {
    Scenario scenario;
    std::uint64_t seed = 1;  ///< under which it fails
    std::string failure;     ///< the property, or the step
    std::uint64_t attempts = 0;
    std::size_t requests = 0;  ///< that hosts ask for
    std::size_t faults = 0;    ///< deaths, cuts, resets, pauses, disk faults, operators' words
};

/// Nothing when the scenario does not fail so under this seed, or there was no time to see it.
[[nodiscard]] std::optional<Shrunk> shrink(Scenario const& scenario, ShrinkOptions const& options);

}  // namespace sunder::language
