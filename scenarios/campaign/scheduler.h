// SPDX-License-Identifier: BSD-3-Clause
//
// The other searcher of a campaign: it plays what a scenario's `bounded:` allows by priorities that
// it draws (netsim/exhaust/schedule.h), so that how surely a bug of a given depth is found can be
// said. Depths take turns. Its features are the abstract states of that world, and can be held
// against those that an exhaustive search of the same bound has seen.
#pragma once

#include "netsim/exhaust/walk.h"
#include "scenarios/campaign/searcher.h"
#include "scenarios/language/scenario.h"

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace sunder::campaign {

struct SchedulerSetup {
    std::uint64_t seed = 1;
    std::uint64_t number = 0;  ///< of this searcher among all, over all shards
    unsigned most_depth = 3;   ///< at least 1
};

class Scheduler final : public Searcher {
public:
    /// Requires a world that `language::bounded_world` has made of the scenario, which outlives it.
    Scheduler(language::Scenario const& base, netsim::World const& world,
              SchedulerSetup const& setup);

    void hunt() override;

private:
    void report(netsim::Schedule const& schedule, netsim::Walked walked);

    language::Scenario const& base_;
    netsim::Cluster const& cluster_;
    netsim::Walker walker_;
    RandomStream dice_;
    unsigned most_depth_;
    boost::unordered_flat_set<Feature> known_;
};

/// All abstract states that an exhaustive search of the scenario's bound sees, sorted. Nothing when
/// `pulse` ended it before, or it finds something. `together`: as for a search, for `jobs` threads.
/// Requires `scenario.bounded`.
[[nodiscard]] std::optional<std::vector<Feature>> known_states(
    language::Scenario const& scenario, std::function<bool(netsim::Reached const&)> const& pulse,
    unsigned jobs = 1, std::function<void(std::function<void(unsigned)> const&)> together = {});

}  // namespace sunder::campaign
