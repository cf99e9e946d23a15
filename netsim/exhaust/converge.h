// SPDX-License-Identifier: BSD-3-Clause
//
// Liveness as a question to each state: when every fault is repaired and the cluster then runs by
// itself, fairly, does it come to rest whole? States from which one such run has succeeded are
// remembered, so that most answers are found after a few events.
#pragma once

#include "netsim/exhaust/action.h"
#include "netsim/exhaust/oracle.h"
#include "netsim/exhaust/visited.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace sunder::netsim {

/// A state of a search.
struct State {
    World world;
    Oracle oracle;
    Amounts spent;
    std::uint32_t depth = 0;  ///< events on the way that was found first
};

/// Makes `action` happen and shows the oracle everything that it made visible.
void advance(State& state, Action const& action, std::vector<std::uint8_t> picks,
             Findings& findings);

/// Of what decides a state's future, but for how much more may happen to it.
[[nodiscard]] inline Fingerprint print_of(World const& world, Oracle const& oracle, Timing timing) {
    return hash_words(world.fingerprint(timing), oracle.fingerprint());
}

/// One thread's. What is known to all of them is only read meanwhile; `fresh` is to be added to it
/// when none of them is at work, and is not asked before, so that no answer depends on who has
/// asked what first.
class Convergence {
public:
    Convergence(Timing timing, FingerprintSet const& known) : timing_(timing), known_(&known) {}

    /// What is missing after all faults were repaired and nothing moves any more, as a violation of
    /// the property that should have brought it about; nothing when the cluster is whole.
    /// `print` is the state's own.
    [[nodiscard]] std::optional<Violation> missing(State const& state, Fingerprint print);
    [[nodiscard]] FingerprintSet& fresh() { return fresh_; }

private:
    bool repair(Findings& findings);
    [[nodiscard]] std::optional<Violation> whole() const;

    [[nodiscard]] bool good(Fingerprint print) const { return known_->contains(print); }

    Timing timing_;
    FingerprintSet const* known_;
    FingerprintSet fresh_;
    std::optional<State> run_;
    std::vector<Fingerprint> way_;
    std::vector<Action> repairs_;
    std::vector<Observation> seen_;
};

}  // namespace sunder::netsim
