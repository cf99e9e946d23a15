// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder run --engine exhaust`: explores every case that has a bound, and reports like a run.
#pragma once

#include "netsim/exhaust/reduce.h"
#include "tools/report.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sunder::tools {

struct ExhaustLimits {
    double seconds = 60;                           ///< a case
    std::uint64_t bytes = std::uint64_t{4} << 30;  ///< of this process, all in all
    std::optional<unsigned> deviations;            ///< in place of what the scenario says
    netsim::Reductions reduce;
    unsigned jobs = 1;                ///< threads, at least one
    std::string counterexample_file;  ///< empty: named after what is violated
    unsigned counterexamples = 0;     ///< written before, which are to be kept
};

/// The report of one case; its narration is the table of what was reached.
[[nodiscard]] CaseReport exhaust_case(language::Scenario const& scenario,
                                      ExhaustLimits const& limits);

}  // namespace sunder::tools
