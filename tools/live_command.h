// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder run --engine live`: plays cases with real nodes, several at a time, for they mostly wait;
// and `--engine all`: every case by every engine that can play it, and whether they agree.
#pragma once

#include "tools/report.h"
#include "tools/run_command.h"

#include <expected>
#include <string>
#include <vector>

namespace sunder::tools {

struct LiveRun {
    std::vector<CaseReport> reports;                           ///< of those that can be played
    std::vector<std::pair<std::size_t, std::string>> skipped;  ///< case, and why
};

/// The error says what this machine lacks.
std::expected<LiveRun, std::string> play_live(std::vector<language::Scenario> const& scenarios,
                                              RunRequest const& request);

/// What each engine makes of each case, as a table; the exit status.
int compare_engines(std::vector<language::Scenario> const& scenarios,
                    std::vector<CaseReport> const& simulated,
                    std::vector<CaseReport> const& explored, LiveRun const& live);

}  // namespace sunder::tools
