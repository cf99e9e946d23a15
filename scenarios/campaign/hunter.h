// SPDX-License-Identifier: BSD-3-Clause
//
// One searcher of a campaign: it draws a run, plays it, and goes on from those that reached
// something that it had not seen before. Its n-th run depends on its seed and on nothing else, so
// that a campaign of many of them is repeatable whatever the threads do.
#pragma once

#include "scenarios/campaign/coverage.h"
#include "scenarios/campaign/drawing.h"
#include "scenarios/campaign/searcher.h"
#include "scenarios/language/play.h"

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace sunder::campaign {

struct HuntSetup {
    std::uint64_t seed = 1;
    std::uint64_t number = 0;                   ///< of this searcher among all, over all shards
    std::size_t most_acts = 12;                 ///< of a run
    Diet kinds = usual;                         ///< of what befalls a run
    std::uint64_t most_events = 3'000'000;      ///< of a run; then it is unknown
    std::uint64_t shrink_attempts = 4000;       ///< for each finding that is shrunk
    std::uint64_t shrink_events = 100'000'000;  ///< of all of them
    /// When it says no, the run under way is given up and does not count, and a finding stays as
    /// small as it has become. Empty: there is time without end, and runs repeat themselves.
    std::function<bool()> in_time{};
};

class Hunter final : public Searcher {
public:
    /// Requires a scenario that outlives the hunter.
    Hunter(language::Scenario const& base, HuntSetup const& setup);

    void hunt() override;

private:
    /// A run worth going on from.
    struct Kept {
        Recipe recipe;
        std::vector<Duration> moments;  ///< after its beginning, at which something was first seen
        unsigned barren = 0;            ///< runs that went on from it and saw nothing
    };
    [[nodiscard]] Recipe next();
    bool learn(Recipe const& recipe, Coverage const& coverage, Duration began);
    void keep_unknown(language::Scenario const& scenario, language::Outcome const& outcome);
    void report(language::Scenario const& scenario, language::Outcome const& outcome);
    void make_small(Finding finding, language::Scenario const& scenario);

    HuntSetup setup_;
    Drawing drawing_;
    RandomStream dice_;
    boost::unordered_flat_set<Feature> known_;
    std::vector<Kept> kept_;
    std::optional<std::size_t> parent_;
};

}  // namespace sunder::campaign
