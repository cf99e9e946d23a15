// SPDX-License-Identifier: BSD-3-Clause
//
// Conditions about arrays: whether they hold, and in words.
#pragma once

#include "netsim/world.h"
#include "scenarios/language/scenario.h"

#include <string>

namespace sunder::language {

[[nodiscard]] bool holds(ArrayState const& wanted, netsim::World const& world);
/// "mirror of array1 synchronized".
[[nodiscard]] std::string in_words(ArrayState const& wanted, netsim::Cluster const& cluster);
/// What the array is like now: its volumes and its disk groups.
[[nodiscard]] std::string array_in_words(netsim::World const& world, netsim::ArrayId array);
/// The keys of the condition, as a file has them.
[[nodiscard]] std::string entry_of(ArrayState const& wanted, netsim::Cluster const& cluster);

}  // namespace sunder::language
