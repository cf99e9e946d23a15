// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder explore`: random runs of the clusters of scenario files, and `sunder report merge`: what
// several machines found, as one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sunder::tools {

struct ExploreRequest {
    std::vector<std::string> paths;
    std::string only_case;
    std::string time = "60 s";  ///< for all cases together
    std::uint64_t runs = 0;     ///< of each case, over all shards; 0: as many as the time allows
    std::uint64_t seed = 1;
    std::uint64_t acts = 12;  ///< at most, of a run
    bool all_faults = false;  ///< also what is outside the fault budget
    unsigned jobs = 0;        ///< 0: as many as there are processors
    std::string shard;        ///< "i/n"; empty: as the environment says
    std::string commit = "unknown";
    std::string findings = "findings";  ///< a folder
    std::string json_file;
};
int explore(ExploreRequest const& request);

struct MergeRequest {
    std::vector<std::string> files;
    std::string findings = "findings";
    std::string json_file;
};
int merge_reports(MergeRequest const& request);

}  // namespace sunder::tools
