// SPDX-License-Identifier: BSD-3-Clause
//
// Limits, progress and words of an exhaustive search.
#include "tools/exhaust_command.h"

#include "scenarios/language/exhaust.h"
#include "scenarios/language/play.h"
#include "scenarios/language/write.h"
#include "tools/crew.h"

#include <malloc.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>

namespace sunder::tools {

namespace {

using Clock = std::chrono::steady_clock;
using netsim::SearchResult;

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// The number of states per range of depths, so that a table of hundreds stays short.
std::string coverage(netsim::Round const& round) {
    std::string line;
    std::size_t const step = std::max<std::size_t>(1, (round.by_depth.size() + 9) / 10);
    for (std::size_t from = 0; from < round.by_depth.size(); from += step) {
        std::size_t const end = std::min(from + step, round.by_depth.size());
        std::uint64_t states = 0;
        for (std::size_t d = from; d < end; ++d) states += round.by_depth[d];
        line += step == 1 ? fmt::format(" {}:{}", from, states)
                          : fmt::format(" {}-{}:{}", from, end - 1, states);
    }
    return line;
}

/// Of each number of deviations that was gone through to its end, and of the one that was not.
std::string layers(netsim::Round const& round) {
    std::string line;
    std::uint64_t told = 0;
    for (std::size_t d = 0; d < round.by_deviations.size(); ++d) {
        line += fmt::format(" {}:{}", d, round.by_deviations[d]);
        told += round.by_deviations[d];
    }
    if (!round.complete) line += fmt::format(" then {} more", round.states - told);
    return line;
}

void tell_rounds(SearchResult const& result, std::vector<std::string>& told) {
    for (netsim::Round const& round : result.rounds) {
        told.push_back(fmt::format("{:2} faults: {:>10} states, {:>11} transitions, depth {}{}",
                                   round.faults, round.states, round.transitions,
                                   round.by_depth.empty() ? 0 : round.by_depth.size() - 1,
                                   round.complete ? "" : ", not finished"));
        if (round.passed != 0) {
            told.push_back(fmt::format("           gone through and not kept: {}", round.passed));
        }
        if (!round.complete) told.push_back("           states by depth:" + coverage(round));
        if (!round.complete || round.by_deviations.size() > 1) {
            told.push_back("           states by deviations:" + layers(round));
        }
    }
}

std::string verdict_of(SearchResult const& result, bool in_turn, char const* stopped_by) {
    netsim::Round const& last = result.rounds.back();
    auto const states = static_cast<double>(last.states);
    double const collision = states * states / std::pow(2.0, 65);
    switch (result.verdict) {
        case SearchResult::Verdict::proved:
            return fmt::format(
                "proved within the bound: all {} states{}, {}; two states were taken for one with "
                "a "
                "probability of {:.1e}; {:.0f} B a state",
                last.states, last.passed != 0 ? " with a choice" : "",
                in_turn ? "every order so ordinary" : "every order of events", collision,
                static_cast<double>(result.bytes) / states);
        case SearchResult::Verdict::violated:
            return in_turn ? "a counterexample, with the fewest faults and then deviations:"
                           : "a counterexample, with the fewest faults and then the fewest events:";
        case SearchResult::Verdict::unknown:
            return fmt::format(
                "unknown: stopped by its {} limit at {} faults, {}depth {}", stopped_by,
                last.faults,
                in_turn ? fmt::format("{} deviations, ", last.by_deviations.size()) : std::string(),
                last.by_depth.size());
    }
    return "";
}

/// Whether the simulator's checkers, which see more than the search's model, say the same.
std::string agreement(language::Scenario const& replay, std::string const& property) {
    language::Outcome const outcome = language::play(replay, {});
    bool const same = std::ranges::any_of(
        outcome.violations,
        [&](netsim::Violation const& violation) { return violation.property == property; });
    return same
               ? "replayed in the simulator: the same"
               : "replayed in the simulator: its checkers do not object, so the search's model may "
                 "be too strict here";
}

/// What was asked for, or a name made of the violated property; numbered from the second on.
std::string file_name(ExhaustLimits const& limits, language::Scenario const& scenario) {
    std::string name = limits.counterexample_file;
    if (name.empty()) {
        name = "counterexample-";
        for (char const c : scenario.expect.always.front()) name += c == '_' ? '-' : c;
        name += ".yaml";
    }
    if (limits.counterexamples == 0) return name;
    std::filesystem::path const path = name;
    std::string const numbered = fmt::format("{}-{}{}", path.stem().string(),
                                             limits.counterexamples + 1, path.extension().string());
    return (path.parent_path() / numbered).string();
}

std::optional<language::Exhausted> explored(
    language::Scenario const& scenario, ExhaustLimits const& limits,
    std::function<bool(netsim::Reached const&)> const& pulse) {
    Crew crew(limits.jobs);
    return language::exhaust(scenario, pulse, {limits.reduce, limits.jobs, std::ref(crew), {}});
}

}  // namespace

CaseReport exhaust_case(language::Scenario const& asked, ExhaustLimits const& limits) {
    language::Scenario scenario = asked;
    if (limits.deviations) scenario.bounded->deviations = *limits.deviations;
    auto const began = Clock::now();
    auto const seconds = [&] {
        return std::chrono::duration<double>(Clock::now() - began).count();
    };
    bool const terminal = isatty(STDERR_FILENO) != 0;
    char const* stopped_by = "";
    auto const pulse = [&](netsim::Reached const& reached) {
        if (terminal) {
            fmt::print(stderr, "\r{} faults, depth {}: {} states, {} waiting ", reached.faults,
                       reached.depth, reached.states, reached.frontier);
        }
        bool const no_room = resident_bytes() >= limits.bytes;
        stopped_by = no_room ? "memory" : "time";
        return seconds() < limits.seconds && !no_room;
    };
    CaseReport report;
    report.scenario = &asked;
    report.engine = "exhaust";
    report.runs = 1;
    std::vector<std::string>& told = report.first.narration;
    told.push_back("bound: " + language::in_words(*scenario.bounded));
    std::optional<language::Exhausted> const done = explored(scenario, limits, pulse);
    if (terminal) fmt::print(stderr, "\r{:78}\r", "");
    report.seconds = seconds();
    malloc_trim(0);  // the next case has the same limit
    if (!done) {
        told.emplace_back("the cluster, left alone, does not get into sync: nothing was explored");
        report.unknown = 1;
        return report;
    }
    SearchResult const& result = done->result;
    tell_rounds(result, told);
    bool const in_turn = scenario.bounded->deviations != netsim::any_number;
    told.push_back(verdict_of(result, in_turn, stopped_by));
    report.first.statistics.events = result.rounds.back().transitions;
    report.total = report.first.statistics;
    report.states = result.rounds.back().states;
    switch (result.verdict) {
        case SearchResult::Verdict::proved:
            report.held = 1;
            return report;
        case SearchResult::Verdict::unknown:
            report.unknown = 1;
            return report;
        case SearchResult::Verdict::violated:
            break;
    }
    netsim::Counterexample const& found = *result.counterexample;
    for (std::size_t i = 0; i < found.path.size(); ++i) {
        if (i == found.repaired_at) told.emplace_back("      then everything is repaired:");
        told.push_back(fmt::format("{:4}. {}", i + 1, found.path[i].words));
    }
    std::string const file = file_name(limits, *done->replay);
    std::ofstream out(file);
    out << language::to_yaml(*done->replay);
    out.close();
    report.replay = out ? fmt::format("tools/run run {}", file)
                        : fmt::format("none: {} cannot be written", file);
    told.push_back(agreement(*done->replay, found.violation.property));
    report.failed = 1;
    language::Outcome outcome;
    outcome.result = language::Result::violated;
    outcome.violations = {result.counterexample->violation};
    report.failures.push_back(std::move(outcome));
    return report;
}

}  // namespace sunder::tools
