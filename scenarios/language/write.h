// SPDX-License-Identifier: BSD-3-Clause
//
// Writes a scenario as a file that loads as the same scenario: for what searches find and what a
// shrinker leaves. Steps are written as they were read.
#pragma once

#include "scenarios/language/scenario.h"

#include <string>

namespace sunder::language {

/// The text of a file for one case; its matrix, if it had one, has been decided.
[[nodiscard]] std::string to_yaml(Scenario const& scenario);

/// A step with the text that says it: "crash: server1".
[[nodiscard]] Step make_step(Action const& action, netsim::Cluster const& cluster);

}  // namespace sunder::language
