// SPDX-License-Identifier: BSD-3-Clause
//
// What a campaign's threads work with: someone who plays one run after another of one case. Its
// n-th run depends on its seed and its number, and on nothing else.
#pragma once

#include "scenarios/campaign/results.h"

#include <cstddef>

namespace sunder::campaign {

class Searcher {
public:
    Searcher() = default;
    Searcher(Searcher&&) = default;
    Searcher& operator=(Searcher&&) = default;
    virtual ~Searcher() = default;

    /// Draws a run and plays it. One that is given up does not count.
    virtual void hunt() = 0;
    [[nodiscard]] CaseResults const& results() const { return results_; }
    /// Features seen so far.
    [[nodiscard]] std::size_t reached() const { return results_.features.size(); }

protected:
    CaseResults results_;
};

/// Findings of one property are told apart no further: the shortest of so many counts.
inline constexpr std::uint64_t most_shrunk = 3;

}  // namespace sunder::campaign
