// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder explore`: random runs of the clusters of scenario files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sunder::tools {

struct ExploreRequest {
    std::vector<std::string> paths;
    std::string only_case;
    std::string time = "60 s";  ///< for all cases together
    std::uint64_t runs = 0;     ///< of each case, over all shards; 0: as many as the time allows
    std::uint64_t runs_in_all = 0;  ///< over all cases, in place of `runs`; 0: as `runs` says
    bool quiet = false;             ///< of cases without findings only the sums
    std::uint64_t seed = 1;
    std::uint64_t acts = 12;       ///< at most, of a run
    std::string faults = "usual";  ///< or all, or in-budget: without what is outside the budget
    /// time: with faults at random moments of virtual time; priority: by priorities within
    /// `bounded:`.
    std::string schedule = "time";
    unsigned depth = 3;  ///< of a priority schedule, at most
    /// Of an exhaustive search to compare with; 0: none. Unless told: 200 000, and none where a
    /// number of runs at random moments is asked for.
    std::optional<std::uint64_t> known_states{};
    unsigned jobs = 0;                  ///< 0: as many as there are processors
    std::string shard;                  ///< "i/n"; empty: as the environment says
    std::string commit{};               ///< empty: what identifies this build
    std::string findings = "findings";  ///< a folder
    std::string json_file;
};
int explore(ExploreRequest const& request);

}  // namespace sunder::tools
