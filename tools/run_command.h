// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder run`: plays every case of every file under the seeds asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sunder::tools {

/// DESIGN 7: the exit status of every command.
enum ExitStatus : int { all_held = 0, violated = 1, unknown = 2, wrong_input = 3 };

struct RunRequest {
    std::vector<std::string> paths;  ///< files, or folders with files
    std::string only_case;           ///< as `case_name()` says it; empty: all
    std::uint64_t seed = 1;
    std::uint64_t seeds = 1;
    unsigned jobs = 0;  ///< 0: as many as there are processors
    bool explain = false;
    bool quiet = false;
    bool rewrite_narrations = false;
    std::string engine = "sim";          ///< sim, exhaust, live or all
    unsigned speed = 10;                 ///< of live: times as fast as the file says
    std::string plugin;                  ///< of live: nbdkit's; empty: where it was built
    bool keep = false;                   ///< of live: what the nodes left behind
    bool progress = false;               ///< of live and all: each case is told when it ends
    double time_limit = 60;              ///< seconds of an exhaustive search, for each case
    std::uint64_t memory_limit = 4;      ///< of the same, in GiB
    std::optional<unsigned> deviations;  ///< in place of what the files say
    std::string reduce = "symmetry";     ///< none, order, symmetry, all: what exhaust leaves out
    std::string counterexample_file;
    std::string trace_file;
    std::string junit_file;
    std::string json_file;
};

int run(RunRequest const& request);

}  // namespace sunder::tools
