// SPDX-License-Identifier: BSD-3-Clause
//
// What the commands need of files: golden narrations beside their scenarios, the names a scenario
// may use, and diagnostics on standard error.
#pragma once

#include "scenarios/language/diagnostic.h"
#include "scenarios/language/names.h"
#include "tools/report.h"

#include <string>
#include <vector>

namespace sunder::tools {

/// Holds the narration of a file's first case against the golden one beside it (x.yaml,
/// x.narration). A difference is a problem of the report; `rewrite` replaces the golden one
/// instead, but never when the run failed. A scenario without a golden narration is not compared.
void compare_narration(CaseReport& report, bool rewrite);

/// "scenarios/datakeeper/1-failover.narration".
std::string narration_path(std::string const& scenario_path);

language::KnownNames known_names();
void print_diagnostics(std::vector<language::Diagnostic> const& diagnostics);

}  // namespace sunder::tools
