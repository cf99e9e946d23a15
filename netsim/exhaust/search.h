// SPDX-License-Identifier: BSD-3-Clause
//
// The second chooser: breadth first through everything that may happen within a bound, deepened by
// the number of faults, so that the first counterexample has the fewest faults and among those the
// fewest events. Each state is judged by the oracle, and from each one the cluster, healed and left
// alone, must come to rest whole (LIV-1, LIV-3, LIV-4). What may be left out is said in reduce.h;
// by default nothing is, and every order of events is gone through.
//
// When the bound limits deviations, a round goes on in layers: all that happens in turn, then what
// needs one thing out of turn, then two. A counterexample has the fewest of them, and a bound that
// has no end otherwise is proved at least for runs that are so ordinary.
//
// Threads share the states of a level. Which of two equal states is kept, its number, and the
// violation that is told are decided by the order of the level alone, so that nothing depends on
// how many threads there are.
#pragma once

#include "netsim/exhaust/action.h"
#include "netsim/exhaust/oracle.h"
#include "netsim/exhaust/reduce.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

struct State;

struct Reached {
    std::uint64_t states = 0;
    std::uint64_t transitions = 0;
    std::uint64_t bytes = 0;  ///< of what is remembered of visited states
    unsigned faults = 0;      ///< the budget of the present round
    unsigned deviations = 0;  ///< of the present layer, when they are limited
    unsigned depth = 0;
    std::uint64_t frontier = 0;
};

/// Whether it is remembered what became of the parts of a world (condenser.h).
struct Recall {
    bool on = true;
    /// One in so many transitions that are remembered, by fingerprint, happens nonetheless, and
    /// must be the same.
    Fingerprint checks_apart = 1024;
    /// So many are kept before those are forgotten that are parts of nothing any more.
    std::size_t most_parts = 1U << 15;
    // For tests: what a stream carries makes no difference, and who is told when it is not the
    // same, after which the search ends; else the program does.
    bool careless = false;
    std::function<void()> wrong{};
};

struct SearchOptions {
    Bounds bounds;
    Reductions reduce;
    Recall recall;
    unsigned jobs = 1;  ///< shares that are worked on at a time, at least one
    /// Calls what it is given with each number below `jobs`, each always on a thread of its own,
    /// and returns when all are done; when null, one does it after the other.
    std::function<void(std::function<void(unsigned)> const&)> together;
    /// Whether the cluster, healed, comes to rest is asked of every state.
    bool liveness = true;
    /// Shown each state that is seen, in their order, when set: for tests.
    std::function<void(State const&)> seen;
    /// Called now and then; false ends the search, whose verdict is then unknown.
    std::function<bool(Reached const&)> pulse;
};

/// One round: all states within so many faults.
struct Round {
    unsigned faults = 0;
    std::vector<std::uint64_t> by_depth;       ///< new states at each depth, with those passed
    std::vector<std::uint64_t> by_deviations;  ///< of each layer; one when they are not limited
    std::uint64_t states = 0;                  ///< that were kept
    std::uint64_t passed = 0;  ///< where there was no choice, each time one was gone through
    std::uint64_t transitions = 0;
    bool complete = false;
};

/// One thing that happened on the way to a violation.
struct Happening {
    Action action;
    std::vector<std::uint8_t> picks;  ///< fates of what was not stable, as far as it had any
    std::string words;
};

struct Counterexample {
    std::vector<Happening> path;
    /// Where in the path everything is repaired, after which the cluster runs by itself; its length
    /// when that did not matter.
    std::size_t repaired_at = 0;
    Violation violation;
};

/// Adds the repairs to what is told, and then event by event what the cluster does by itself, up to
/// the violation. Uses the state up.
void tell_repairs(State& state, Counterexample& told);

struct SearchResult {
    enum class Verdict : std::uint8_t { proved, violated, unknown } verdict = Verdict::proved;
    std::vector<Round> rounds;
    std::uint64_t bytes = 0;
    std::optional<Counterexample> counterexample;
};

/// Requires a world with one mirror, fully operational and at rest.
[[nodiscard]] SearchResult search(World const& world, SearchOptions const& options);

/// The world from which a search of this cluster begins: started, in sync and at rest. Nothing when
/// it does not get there.
[[nodiscard]] std::optional<World> at_rest(std::shared_ptr<Cluster const> cluster);

}  // namespace sunder::netsim
