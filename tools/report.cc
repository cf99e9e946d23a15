// SPDX-License-Identifier: BSD-3-Clause
//
// Telling what happened.
#include "tools/report.h"

#include "scenarios/language/narration.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/json.hpp>

namespace sunder::tools {

using language::Outcome;
using language::Result;
using language::Scenario;

namespace {

std::string seconds_of(Duration at) {
    return fmt::format("{:.3f} s", static_cast<double>(at.ns) / 1e9);
}

std::string xml(std::string_view text) {
    static constexpr std::pair<char, std::string_view> special[] = {
        {'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}, {'\n', "&#10;"}};
    std::string safe;
    for (char const c : text) {
        auto const* const found =
            std::ranges::find(special, c, &std::pair<char, std::string_view>::first);
        if (found == std::end(special)) {
            safe += c;
        } else {
            safe += found->second;
        }
    }
    return safe;
}

std::string replay_of(CaseReport const& report, Outcome const& outcome) {
    return report.replay.empty() ? replay_command(*report.scenario, outcome.seed) : report.replay;
}

boost::json::object ranks_of(Distribution const& all, double unit) {
    boost::json::object item;
    for (unsigned const rank : language::ranks) {
        std::optional<std::uint64_t> const at = all.rank(rank).at;
        boost::json::value reached;  // null: it never ended
        if (at) reached = static_cast<double>(*at) * unit;
        item[language::name_of_rank(rank)] = reached;
    }
    item["worst_seed"] = all.sorted.back().seed;
    return item;
}

boost::json::object recovery_json(std::vector<SeededOutage> const& outages) {
    boost::json::object item;
    item["outages"] = outages.size();
    if (!outages.empty()) item["seconds"] = ranks_of(times(outages), 1e-9);
    Distribution const lost = losses(outages);
    if (!lost.sorted.empty()) item["writes_lost"] = ranks_of(lost, 1);
    return item;
}

std::string failure_of(CaseReport const& report) {
    std::string text = failures_in_words(report);
    if (report.unknown > 0 && report.failures.empty()) text += "  UNKNOWN: a limit was reached\n";
    if (!report.difference.empty()) {
        text += "  not repeatable: the first seed was played twice, and " + report.difference +
                "; this is a bug in Sunder\n";
    }
    return text + report.recovery_problem + report.narration_problem;
}

/// So many failing seeds of one case are told in full; the rest is counted.
constexpr std::size_t most_failures_told = 3;

void add(language::Statistics& total, language::Statistics const& one) {
    total.events += one.events;
    total.time += one.time;
    total.writes_acknowledged += one.writes_acknowledged;
    total.came_in_service += one.came_in_service;
    total.chunks_to_copy += one.chunks_to_copy;
}

}  // namespace

void count(CaseReport& report, Outcome outcome) {
    ++report.runs;
    add(report.total, outcome.statistics);
    for (language::Recovery const& outage : outcome.outages) {
        report.outages.push_back({outcome.seed, outage});
    }
    switch (outcome.result) {
        case Result::held:
            ++report.held;
            return;
        case Result::violated:
            ++report.failed;
            break;
        case Result::unknown:
            ++report.unknown;
            break;
    }
    auto const later = [](Outcome const& a, Outcome const& b) { return a.seed < b.seed; };
    report.failures.insert(std::ranges::upper_bound(report.failures, outcome, later),
                           std::move(outcome));
    if (report.failures.size() > most_failures_told) report.failures.pop_back();
}

std::string title_of(Scenario const& scenario) {
    std::string const name = scenario.case_name();
    return name.empty() ? scenario.path : fmt::format("{} [{}]", scenario.path, name);
}

std::string replay_command(Scenario const& scenario, std::uint64_t seed) {
    std::string const name = scenario.case_name();
    std::string const chosen = name.empty() ? "" : fmt::format(" --case '{}'", name);
    return fmt::format("tools/run run {}{} --seed {} --explain", scenario.path, chosen, seed);
}

std::string failures_in_words(CaseReport const& report) {
    std::string text;
    for (Outcome const& outcome : report.failures) {
        text += in_words(*report.scenario, outcome, replay_of(report, outcome));
    }
    return text;
}

std::string in_words(Scenario const& scenario, Outcome const& outcome, std::string const& replay) {
    std::string text;
    for (netsim::Violation const& violation : outcome.violations) {
        text += fmt::format("  VIOLATED {} ({}) at {}\n    {}\n", violation.property,
                            violation.rule, seconds_of(violation.at), violation.story);
    }
    if (outcome.failure) {
        language::Failure const& failure = *outcome.failure;
        std::string const where =
            failure.place.line == 0
                ? scenario.path
                : fmt::format("{}:{}:{}", scenario.path, failure.place.line, failure.place.column);
        text += fmt::format("  {}: did not come true at {}: {}\n    instead: {}\n", where,
                            seconds_of(failure.at), failure.what, failure.instead);
    }
    for (std::string const& mark : outcome.never) {
        text += fmt::format("  NEVER REACHED {}: the scenario proves nothing without it\n", mark);
    }
    if (outcome.result == Result::unknown)
        text += fmt::format("  UNKNOWN: {}\n", outcome.why_unknown);
    return text + fmt::format("    replay: {}\n", replay);
}

std::string_view verdict_of(CaseReport const& report) {
    if (report.good()) return report.engine == "exhaust" ? "proved" : "held";
    return report.failed > 0 || report.unknown == 0 ? "VIOLATED" : "unknown";
}

std::string summary_line(CaseReport const& report) {
    language::Statistics const& total = report.total;
    std::string const name = report.scenario->case_name();
    if (report.engine == "exhaust") {
        char const* const verdict = report.good() ? "ok  " : report.failed > 0 ? "FAIL" : "open";
        return fmt::format("  {} {:62} {} states, {} transitions", verdict,
                           name.empty() ? "(one case)" : name, report.states, total.events);
    }
    std::string line = fmt::format(
        "  {} {:62} {} run{}, {} requests acknowledged, {} times in service, {} chunks to copy",
        report.good() ? "ok  " : "FAIL", name.empty() ? "(one case)" : name, report.runs,
        report.runs == 1 ? "" : "s", total.writes_acknowledged, total.came_in_service,
        total.chunks_to_copy);
    if (report.failed > 0) line += fmt::format(", {} failed", report.failed);
    if (report.unknown > 0) line += fmt::format(", {} unknown", report.unknown);
    bool const expected =
        !report.scenario->expect.rto.empty() || !report.scenario->expect.rpo.empty();
    if (expected || report.runs > 1) {
        std::string const lines = distribution_lines(report.outages);
        if (!lines.empty()) line += "\n" + lines.substr(0, lines.size() - 1);
    }
    for (auto const& [what, count] : report.first.allowed)
        line += fmt::format("\n         allowed by policy: {} ({})", what, count);
    for (netsim::Violation const& other : report.first.undemanded) {
        line += fmt::format("\n         not demanded here, and not so: {} ({}): {}", other.property,
                            other.rule, other.story);
    }
    return line;
}

std::string junit(std::vector<CaseReport> const& reports) {
    std::uint64_t failures = 0;
    for (CaseReport const& report : reports) failures += report.good() ? 0 : 1;
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    text += fmt::format("<testsuite name=\"sunder\" tests=\"{}\" failures=\"{}\">\n",
                        reports.size(), failures);
    for (CaseReport const& report : reports) {
        std::string const name = report.scenario->case_name();
        text += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                            xml(report.scenario->path),
                            xml(fmt::format("{} / {}{}{}", report.scenario->title, report.engine,
                                            name.empty() ? "" : " / ", name)),
                            report.seconds);
        if (report.good()) {
            text += "/>\n";
        } else {
            text += fmt::format(">\n    <failure message=\"{}\">{}</failure>\n  </testcase>\n",
                                xml(report.unknown > 0 && report.failures.empty() ? "unknown"
                                    : !report.recovery_problem.empty()            ? "recovery"
                                    : report.failures.empty() ? "narration or repeatability"
                                    : !report.failures[0].violations.empty()
                                        ? report.failures[0].violations[0].property
                                        : "a step did not come true"),
                                xml(failure_of(report)));
        }
    }
    return text + "</testsuite>\n";
}

std::string json(std::vector<CaseReport> const& reports) {
    boost::json::array all;
    for (CaseReport const& report : reports) {
        boost::json::object item;
        item["path"] = report.scenario->path;
        item["title"] = report.scenario->title;
        boost::json::object parameters;
        for (auto const& [key, value] : report.scenario->matrix_case) parameters[key] = value;
        item["case"] = parameters;
        item["engine"] = report.engine;
        if (report.engine == "exhaust") item["states"] = report.states;
        item["good"] = report.good();
        item["runs"] = report.runs;
        item["held"] = report.held;
        item["failed"] = report.failed;
        item["unknown"] = report.unknown;
        item["first_seed"] = report.first.seed;
        item["trace_hash"] = fmt::format("{:016x}", report.first.trace_hash);
        item["virtual_seconds"] = static_cast<double>(report.first.statistics.time.ns) / 1e9;
        item["events"] = report.total.events;
        item["requests_acknowledged"] = report.total.writes_acknowledged;
        boost::json::object marks;
        for (auto const& [mark, count] : report.first.marks) marks[mark] = count;
        item["marks"] = marks;
        boost::json::object allowed;
        for (auto const& [what, count] : report.first.allowed) allowed[what] = count;
        item["allowed"] = allowed;
        item["recovery"] = recovery_json(report.outages);
        boost::json::array failures;
        for (Outcome const& outcome : report.failures) {
            failures.emplace_back(boost::json::object{
                {"seed", outcome.seed},
                {"explanation", in_words(*report.scenario, outcome, replay_of(report, outcome))},
                {"replay", replay_of(report, outcome)}});
        }
        item["failures"] = failures;
        all.push_back(item);
    }
    return boost::json::serialize(all) + "\n";
}

}  // namespace sunder::tools
