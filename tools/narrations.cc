// SPDX-License-Identifier: BSD-3-Clause
//
// Golden narrations: compared on each run, rewritten only when asked, never when something failed.
#include "tools/narrations.h"

#include "netsim/checkers/all.h"
#include "scenarios/language/narration.h"

#include <fmt/format.h>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace sunder::tools {

namespace {

std::string text_of(CaseReport const& report) {
    language::Scenario const& scenario = *report.scenario;
    std::string const name = scenario.case_name();
    std::string text = scenario.title + "\n";
    if (!name.empty()) text += name + "\n";
    text += "\n";
    for (std::string const& line : report.first.narration) text += line + "\n";
    return text;
}

std::vector<std::string> lines_of(std::string const& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// The first line that differs, with what should have been there.
std::string first_difference(std::string const& path, std::string const& golden,
                             std::string const& now) {
    std::vector<std::string> const want = lines_of(golden);
    std::vector<std::string> const have = lines_of(now);
    std::size_t line = 0;
    while (line < want.size() && line < have.size() && want[line] == have[line]) ++line;
    auto const at = [&](std::vector<std::string> const& lines) {
        return line < lines.size() ? lines[line] : std::string("(end)");
    };
    return fmt::format(
        "  NARRATION differs from {}, line {}\n    golden: {}\n    now:    {}\n"
        "    if you understand why, rewrite it: tools/run run {} --rewrite-narrations\n",
        path, line + 1, at(want), at(have), path.substr(0, path.rfind('.')) + ".yaml");
}

}  // namespace

std::string narration_path(std::string const& scenario_path) {
    return scenario_path.substr(0, scenario_path.rfind('.')) + ".narration";
}

void compare_narration(CaseReport& report, bool rewrite) {
    std::string const path = narration_path(report.scenario->path);
    std::string const now = text_of(report);
    std::ifstream file(path);
    std::ostringstream golden;
    golden << file.rdbuf();
    bool const there = file.is_open();
    if (there && golden.str() == now) return;
    if (rewrite && report.good() && std::getenv("CI") == nullptr) {
        std::ofstream(path) << now;
        fmt::print("rewrote {}\n", path);
        return;
    }
    if (rewrite) {
        report.narration_problem =
            fmt::format("  NARRATION {} was not rewritten: the run failed, or CI is set\n", path);
    } else if (there) {
        report.narration_problem = first_difference(path, golden.str(), now);
    }
}

language::KnownNames known_names() {
    language::KnownNames names;
    for (netsim::CheckerText const& checker : netsim::Checkers::texts()) {
        names.checkers.emplace_back(checker.name);
    }
    names.marks = language::mark_names();
    names.rules = language::rule_names();
    return names;
}

void print_diagnostics(std::vector<language::Diagnostic> const& diagnostics) {
    fmt::print(stderr, "{}", language::to_text(diagnostics));
}

}  // namespace sunder::tools
