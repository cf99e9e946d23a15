// SPDX-License-Identifier: BSD-3-Clause
//
// Which mutants nobody finds without having been told a story (hunts.h): neither random runs, nor
// searches within bounds; and why. That all others are found is shown by the tests of campaigns and
// of searches.
#pragma once

#include "base/mutant.h"

#include <string_view>

namespace sunder::netsim::test {

/// Empty where campaigns find it (tests/campaign/finds_mutants_test.cc).
[[nodiscard]] std::string_view why_random_runs_miss(Mutant);

/// Empty where an exhaustive search finds it (tests/model/mutants_test.cc).
[[nodiscard]] std::string_view why_searches_miss(Mutant);

}  // namespace sunder::netsim::test
