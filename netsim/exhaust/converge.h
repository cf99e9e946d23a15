// SPDX-License-Identifier: BSD-3-Clause
//
// Liveness as a question to each state: when every fault is repaired and the cluster then runs by
// itself, fairly, does it come to rest whole? States from which one such run has succeeded are
// remembered, so that most answers are found after a few events.
#pragma once

#include "netsim/exhaust/action.h"
#include "netsim/exhaust/condenser.h"
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

/// The same where the world can be told by its parts.
struct CondensedState {
    Condensed world;
    Oracle oracle;
    Amounts spent;
    std::uint32_t depth = 0;
};

void restore(Condenser const& condenser, CondensedState const& from, State& whole);

/// Makes `action` happen and shows the oracle everything that it made visible.
void advance(State& state, Action const& action, std::vector<std::uint8_t> picks,
             Findings& findings);

/// The same by what is remembered of it.
void advance(Condenser& condenser, CondensedState& state, Action const& action,
             Effect const& effect, Findings& findings);

/// Of what decides a state's future, but for how much more may happen to it.
[[nodiscard]] inline Fingerprint print_of(World const& world, Oracle const& oracle, Timing timing) {
    return hash_words(world.fingerprint(timing), oracle.fingerprint());
}

[[nodiscard]] inline Fingerprint print_of(Condensed const& world, Oracle const& oracle,
                                          Timing timing) {
    return hash_words(Condenser::fingerprint(world, timing), oracle.fingerprint());
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
    [[nodiscard]] std::optional<Violation> missing(Condenser& condenser,
                                                   CondensedState const& state, Fingerprint print);
    [[nodiscard]] FingerprintSet& fresh() { return fresh_; }

private:
    [[nodiscard]] bool good(Fingerprint print) const { return known_->contains(print); }
    bool repair(Findings& findings);
    [[nodiscard]] std::optional<Violation> run_on(Fingerprint print, Findings& findings);
    void remember_way();
    [[nodiscard]] bool rests_by_parts(Condenser& condenser, CondensedState const& state,
                                      Fingerprint print);
    [[nodiscard]] std::optional<Violation> whole() const;

    Timing timing_;
    FingerprintSet const* known_;
    FingerprintSet fresh_;
    std::optional<State> run_;
    CondensedState parts_;
    std::vector<Fingerprint> way_;
    std::vector<Action> repairs_;
    std::vector<Observation> seen_;
};

}  // namespace sunder::netsim
