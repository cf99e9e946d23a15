// SPDX-License-Identifier: BSD-3-Clause
//
// What a campaign leaves, as a value that another machine's can be merged with: counts add up, of
// findings of one property in one case the shortest is kept.
#pragma once

#include "scenarios/campaign/coverage.h"

#include <cstdint>
#include <optional>
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
    std::uint64_t count = 0;  ///< runs that broke it, or were unknown
    friend bool operator==(Finding const&, Finding const&) = default;
};
/// The property of what a run that is unknown is kept as.
inline constexpr char const* unknown_run = "unknown";

/// Both are of one property: the counts add up, the shorter text stays; of two as short, the one
/// that comes first in the alphabet, so that the order of merging does not matter.
void keep_shorter(Finding& into, Finding const& other);

/// Of runs that priorities decide (netsim/exhaust/schedule.h), whose features are abstract states.
struct Schedules {
    std::uint64_t streams = 0;
    std::uint64_t events = 0;         ///< of a run, at most
    double scripts = 1;               ///< what hosts ask and what fails is one of so many, at most
    std::vector<std::uint64_t> runs;  ///< of depth 1, of depth 2...
    std::uint64_t cut_off = 0;        ///< runs that had not ended by then
    friend bool operator==(Schedules const&, Schedules const&) = default;
};

/// Of one case of a scenario.
struct CaseResults {
    std::string path;
    std::string case_name;
    std::uint64_t runs = 0;
    std::uint64_t violated = 0;
    std::uint64_t unknown = 0;  ///< ended by the bound of events, or never at rest
    std::uint64_t events = 0;
    Coverage::Names marks;
    Coverage::Names rules;
    Coverage::Names allowed;        ///< losses that the policy allows, by name
    std::vector<Feature> features;  ///< in no order while a hunter collects them; merged: sorted
    /// Of all abstract states of its bound, sorted; empty when no search of that has ended.
    std::vector<Feature> known{};
    struct Growth {
        std::uint64_t runs = 0;
        std::uint64_t features = 0;
        friend bool operator==(Growth const&, Growth const&) = default;
    };
    std::vector<Growth> growth;  ///< of one searcher, at every power of two; not merged
    std::vector<Finding> findings;
    std::optional<Schedules> schedules;
    friend bool operator==(CaseResults const&, CaseResults const&) = default;
};

/// What a campaign was told to do, as far as its results depend on it and all shards share it.
struct Asked {
    std::string schedule = "time";  ///< or priority
    std::uint64_t runs = 0;         ///< of each case, over all shards; 0: as many as time allowed
    Duration time;                  ///< then
    std::uint64_t acts = 0;         ///< of a run, at most
    std::string faults = "usual";   ///< or all, or in-budget: those that no design loses data by
    std::uint64_t depth = 0;        ///< of a priority schedule, at most
    friend bool operator==(Asked const&, Asked const&) = default;
};

struct Results {
    std::string commit;                ///< of the program; results of two are told apart
    std::uint64_t seed = 0;            ///< of the campaign
    Asked asked;                       ///< the same
    std::vector<std::string> shards;   ///< "3/16", "1/1": what went into it, sorted
    std::vector<std::string> stopped;  ///< of them: those that were stopped before their end
    double seconds = 0;                ///< of all processors together
    std::vector<CaseResults> cases;    ///< all of the campaign, by path and name
    friend bool operator==(Results const&, Results const&) = default;
};

/// Whether none of the shards that it was divided among is missing.
[[nodiscard]] bool is_of_all_shards(Results const& results);

void add(Coverage::Names& into, Coverage::Names const& other);
/// How many of the known ones were reached.
[[nodiscard]] std::uint64_t reached_of_known(CaseResults const& one);
/// Adds the results of another searcher of the same case. Requires that either both are by
/// priorities, with the same bound, or neither.
void merge(CaseResults& into, CaseResults const& other);
/// Why they are not of one campaign of one program: what of `other` is not as in `one`.
[[nodiscard]] std::optional<std::string> why_not_merged(Results const& one, Results const& other);
/// Adds the results of another shard. Requires that nothing speaks against it.
void merge(Results& into, Results const& other);

}  // namespace sunder::campaign
