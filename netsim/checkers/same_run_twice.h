// SPDX-License-Identifier: BSD-3-Clause
//
// same_run_twice (SAF-22): a world with a seed goes one way, whatever ran before it in the process,
// and is judged alike. No checker of one run can see that: whoever plays a run plays it once more,
// and compares the two here. The trace hash covers every event and every machine after it.
//
// That other builds, and any number of threads, go the same way is compared elsewhere.
#pragma once

#include "netsim/checkers/checker.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sunder::netsim {

struct SameRunTwice {
    static constexpr CheckerText text{"same_run_twice", "SAF-22",
                                      "a seed that is played twice goes the same way", true};

    /// What is left of a run when it is over.
    struct Run {
        std::uint64_t trace_hash = 0;
        std::uint64_t events = 0;
        Duration time;
        std::vector<Violation> violations{};
        std::map<std::string, std::uint64_t> allowed{};
    };
    [[nodiscard]] static Run of(World const& world, Findings const& findings);

    /// In words; empty when they were alike.
    [[nodiscard]] static std::string difference(Run const& first, Run const& again);
};

}  // namespace sunder::netsim
