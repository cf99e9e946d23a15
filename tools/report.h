// SPDX-License-Identifier: BSD-3-Clause
//
// What a campaign of runs leaves for people and for CI: words on standard output, JUnit XML, JSON.
// It decides how a failure is told; what failed is decided where it was played.
#pragma once

#include "scenarios/language/play.h"
#include "tools/recovery_report.h"

#include <string>
#include <string_view>
#include <vector>

namespace sunder::tools {

/// All runs of one case of one scenario.
struct CaseReport {
    language::Scenario const* scenario = nullptr;
    std::uint64_t runs = 0;
    std::uint64_t held = 0;
    language::Outcome first;                  ///< under the first seed
    std::vector<language::Outcome> failures;  ///< at most a few, lowest seeds first
    std::uint64_t failed = 0;
    std::uint64_t unknown = 0;
    language::Statistics total;         ///< over all seeds
    std::string difference;             ///< when the first seed was played again; empty: none
    std::vector<SeededOutage> outages;  ///< of all seeds
    std::string recovery_problem;       ///< how they differ from what was expected
    std::string narration_problem;      ///< how the golden narration differs; empty: it does not
    double seconds = 0;                 ///< on the wall, for JUnit only
    std::string engine = "sim";
    std::uint64_t states = 0;  ///< distinct, of an exhaustive search
    std::string replay;        ///< the command that shows the failure; empty: its seed does
    [[nodiscard]] bool good() const {
        return failed == 0 && unknown == 0 && difference.empty() && narration_problem.empty() &&
               recovery_problem.empty();
    }
};

/// Takes in one run of the case.
void count(CaseReport& report, language::Outcome outcome);

/// "scenarios/datakeeper/x.yaml [mode=synchronous]".
std::string title_of(language::Scenario const& scenario);
/// The command that shows a failure again.
std::string replay_command(language::Scenario const& scenario, std::uint64_t seed);
/// What failed, in words: property, rule, moment, story, and `replay`, the command that shows it.
std::string in_words(language::Scenario const& scenario, language::Outcome const& outcome,
                     std::string const& replay);
/// All failures of a case.
std::string failures_in_words(CaseReport const& report);
/// "held", "proved", "unknown" or "VIOLATED".
std::string_view verdict_of(CaseReport const& report);
/// One line per case.
std::string summary_line(CaseReport const& report);

std::string junit(std::vector<CaseReport> const& reports);
std::string json(std::vector<CaseReport> const& reports);

}  // namespace sunder::tools
