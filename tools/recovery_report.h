// SPDX-License-Identifier: BSD-3-Clause
//
// Recovery times and points over all seeds of a case: their distribution, whether they are what the
// scenario expects, and the seed in which they are worst. Percentiles are nearest ranks.
#pragma once

#include "scenarios/language/play.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sunder::tools {

/// An outage, and the seed it happened in.
struct SeededOutage {
    std::uint64_t seed = 0;
    language::Recovery outage;
};

struct Distribution {
    struct Value {
        std::optional<std::uint64_t> at;  ///< nanoseconds, or writes; nothing: it never ended
        std::uint64_t seed = 0;
    };
    std::vector<Value> sorted;  ///< those that never ended last, then the lowest seeds
    [[nodiscard]] Value const& rank(unsigned percent) const;
};

[[nodiscard]] Distribution times(std::vector<SeededOutage> const& outages);
[[nodiscard]] Distribution losses(std::vector<SeededOutage> const& outages);

/// Two lines: "recovery time: 200 outages, p50 15 s, p90 ..., max 15.9 s (seed 17)". Empty without
/// outages.
[[nodiscard]] std::string distribution_lines(std::vector<SeededOutage> const& outages);

/// How the distribution differs from what the scenario expects, each with the command that shows
/// the worst seed; empty when it does not. An expectation without any outage is not met.
[[nodiscard]] std::string recovery_problem(language::Scenario const& scenario,
                                           std::vector<SeededOutage> const& outages);

}  // namespace sunder::tools
