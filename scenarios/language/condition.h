// SPDX-License-Identifier: BSD-3-Clause
//
// Conditions of scenario steps: whether they hold in a world, and how a person says what the world
// is like instead.
#pragma once

#include "netsim/world.h"
#include "scenarios/language/scenario.h"

#include <string>

namespace sunder::language {

[[nodiscard]] bool holds(Condition const& condition, netsim::World const& world);

/// "datarep is in service on server2".
[[nodiscard]] std::string in_words(Condition const& condition, netsim::Cluster const& cluster);

/// What the mirror or the node that the condition speaks of is like now, and which decision keeps
/// each running node out of service, with its rule.
[[nodiscard]] std::string instead(Condition const& condition, netsim::World const& world);

/// True when a running node's last decision on what the condition speaks of is the rule of this
/// name.
[[nodiscard]] bool decided_by(std::string const& rule, Condition const& condition,
                              netsim::World const& world);

/// The word of a scenario file for the state.
[[nodiscard]] std::string_view name_of(MirrorIs is);

}  // namespace sunder::language
