// SPDX-License-Identifier: BSD-3-Clause
//
// Explores what a scenario's `bounded:` allows, in every order of events, and turns what it finds
// into a scenario that the simulator replays.
#pragma once

#include "netsim/exhaust/search.h"
#include "scenarios/language/scenario.h"

#include <functional>
#include <optional>
#include <string>

namespace sunder::language {

struct Exhausted {
    netsim::SearchResult result;
    /// Plays to the same violation; of a counterexample only.
    std::optional<Scenario> replay;
};

/// How a search goes about it; its verdict is the same.
struct Exhausting {
    netsim::Reductions reduce;
    unsigned jobs = 1;  ///< and how they work together (netsim::SearchOptions)
    std::function<void(std::function<void(unsigned)> const&)> together;
    std::function<void(netsim::State const&)> seen;
    netsim::Recall recall{};
};

/// Nothing when the cluster, left alone, does not get into sync. Requires `scenario.bounded`.
[[nodiscard]] std::optional<Exhausted> exhaust(
    Scenario const& scenario, std::function<bool(netsim::Reached const&)> const& pulse,
    Exhausting const& how = {});

/// The world in which a search of the scenario's bound begins: its cluster with so few blocks, at
/// rest. Nothing when the cluster, left alone, does not get into sync. Requires `scenario.bounded`.
[[nodiscard]] std::optional<netsim::World> bounded_world(Scenario const& scenario);

/// What was found in that world, as a scenario; `how` says of what kind the way to it is.
[[nodiscard]] Scenario replay_of(Scenario const& scenario, netsim::Cluster const& cluster,
                                 netsim::Counterexample const& found, std::string const& how);

/// "2 blocks, 3 writes; 2 crashes, 1 power cut, 1 cut; timers by duration".
[[nodiscard]] std::string in_words(netsim::Bounds const& bounds);

}  // namespace sunder::language
