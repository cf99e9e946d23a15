// SPDX-License-Identifier: BSD-3-Clause
//
// What a campaign leaves, as a value that another machine's can be merged with: counts add up, of
// findings of one property in one case the shortest is kept.
#pragma once

#include "scenarios/campaign/coverage.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sunder::campaign {

/// A property that was found broken, and the shortest scenario that shows it.
struct Finding {
    std::string property;  ///< a checker; "step" when a wait of the file did not come true
    std::string rule;      ///< that it stands for, as SAF-1
    std::string story;
    std::uint64_t seed = 0;   ///< of the scenario in `text`
    std::uint64_t steps = 0;  ///< of it
    std::string text;         ///< of a scenario file
    std::uint64_t count = 0;  ///< runs that broke it
    friend bool operator==(Finding const&, Finding const&) = default;
};
/// Both are of one property: the counts add up, the shorter text stays; of two as short, the one
/// that comes first in the alphabet, so that the order of merging does not matter.
void keep_shorter(Finding& into, Finding const& other);

/// Of one case of a scenario.
struct CaseResults {
    std::string path;
    std::string case_name;
    std::uint64_t runs = 0;
    std::uint64_t violated = 0;
    std::uint64_t unknown = 0;  ///< ended by the bound of events
    std::uint64_t events = 0;
    Coverage::Names marks;
    Coverage::Names rules;
    Coverage::Names allowed;        ///< losses that the policy allows, by name
    std::vector<Feature> features;  ///< in no order while a hunter collects them; merged: sorted
    struct Growth {
        std::uint64_t runs = 0;
        std::uint64_t features = 0;
        friend bool operator==(Growth const&, Growth const&) = default;
    };
    std::vector<Growth> growth;  ///< of one searcher, at every power of two; not merged
    std::vector<Finding> findings;
    friend bool operator==(CaseResults const&, CaseResults const&) = default;
};

struct Results {
    std::string commit;               ///< of the program; results of two are not merged
    std::uint64_t seed = 0;           ///< of the campaign
    std::vector<std::string> shards;  ///< "3/16", "1/1": what went into it, sorted
    double seconds = 0;               ///< of all processors together
    std::vector<CaseResults> cases;   ///< by path and name
    friend bool operator==(Results const&, Results const&) = default;
};

/// Adds the results of another searcher of the same case.
void merge(CaseResults& into, CaseResults const& other);
/// Adds the results of another shard. Requires the same commit and seed.
void merge(Results& into, Results const& other);

}  // namespace sunder::campaign
