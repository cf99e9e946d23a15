// SPDX-License-Identifier: BSD-3-Clause
//
// Plays schedules (schedule.h) in a bounded world, and judges them as an exhaustive search does:
// the oracle after every event, and in every state whether the cluster, healed and left alone,
// comes to rest whole. So it is a path of that search, and what breaks is told as its
// counterexample is.
#pragma once

#include "netsim/exhaust/converge.h"
#include "netsim/exhaust/schedule.h"
#include "netsim/exhaust/search.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

struct Walked {
    std::uint64_t events = 0;
    bool cut_off = false;  ///< something could still have happened when its events were used up
    std::optional<Counterexample> found;
    std::vector<std::uint8_t> streams;  ///< of each event: who did it
};

class Walker {
public:
    /// Requires a world as a search begins with (`at_rest`).
    Walker(World const& world, Bounds const& bounds);

    /// Requires events > 0.
    [[nodiscard]] Walked walk(Schedule const& schedule, std::uint32_t events);
    [[nodiscard]] Scheduling const& scheduling() const { return scheduling_; }

    /// Shown each state, from the first one on, and what was seen on the way; when set.
    std::function<void(World const&)> reached;
    std::function<void(World const&, Observation const&)> watch;

private:
    /// Where a run stands.
    struct Standing {
        std::vector<std::uint32_t> rank;  ///< by stream; the highest goes first
        std::size_t asked = 0;
        std::size_t failed = 0;
        unsigned deviations = 0;
    };
    [[nodiscard]] std::optional<std::size_t> next(Schedule const& schedule, std::uint32_t event,
                                                  Standing& standing);
    [[nodiscard]] std::size_t first(Standing const& standing) const;
    void happen(Action const& action, RandomStream& fates, Findings& findings);
    void judge(Findings const& findings);
    void show(Findings& findings);

    Bounds bounds_;
    State const initial_;
    Scheduling scheduling_;
    State state_;
    State before_;
    FingerprintSet comes_to_rest_;
    FingerprintSet converging_;
    Convergence convergence_;
    Counterexample told_;
    bool broken_ = false;
    std::vector<Action> all_;
    std::vector<std::size_t> offered_;
    std::vector<Observation> seen_;
};

/// A schedule that breaks the same property, of fewer requests, faults and changes when there is
/// one, and in as few events as it was found to.
[[nodiscard]] Counterexample shortened(Walker& walker, Schedule schedule, Walked found);

}  // namespace sunder::netsim
