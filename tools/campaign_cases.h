// SPDX-License-Identifier: BSD-3-Clause
//
// Which cases a campaign plays: of those whose runs would be the same, one.
#pragma once

#include "scenarios/language/scenario.h"

#include <optional>
#include <string>
#include <vector>

namespace sunder::tools {

/// Of cases that differ in what campaigns leave out, in their steps above all, the first; how many
/// others there are is told. By priority: of those that have a bound, one for each bounded world.
std::vector<language::Scenario> one_of_each(std::vector<language::Scenario> scenarios,
                                            bool by_priority);

/// All that a search of the bounded world depends on, as text: equal where the searches are.
/// Nothing when the cluster, left alone, does not get into sync. Requires a bound, and no arrays.
std::optional<std::string> bounded_ground(language::Scenario const& scenario);

}  // namespace sunder::tools
