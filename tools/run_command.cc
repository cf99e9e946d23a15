// SPDX-License-Identifier: BSD-3-Clause
//
// Campaigns: cases and seeds over a few threads, golden narrations, and the reports at the end. One
// run is one thread; runs share nothing.
#include "tools/run_command.h"

#include "scenarios/language/narration.h"
#include "tools/campaign_cases.h"
#include "tools/crew.h"
#include "tools/exhaust_command.h"
#include "tools/live_command.h"
#include "tools/narrations.h"
#include "tools/report.h"
#include "tools/scenario_paths.h"
#include "tools/trace.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

namespace sunder::tools {

namespace {

using language::Outcome;
using language::PlayOptions;
using language::Result;
using language::Scenario;
using Clock = std::chrono::steady_clock;

/// A line that is written over while a campaign takes long on a terminal; silent elsewhere.
class Progress {
public:
    explicit Progress(std::uint64_t runs) : runs_(runs), shown_(isatty(STDERR_FILENO) != 0) {}
    ~Progress() { wipe(); }
    void done_one() {
        ++done_;
        show();
    }
    void show() {
        if (!shown_ || Clock::now() - started_ < std::chrono::seconds(1)) return;
        std::lock_guard const lock(mutex_);
        fmt::print(stderr, "\r{} of {} runs ", done_.load(), runs_);
        std::fflush(stderr);
        written_ = true;
    }
    void wipe() {
        std::lock_guard const lock(mutex_);
        if (written_) fmt::print(stderr, "\r{:40}\r", "");
        written_ = false;
    }

private:
    std::uint64_t runs_;
    bool shown_;
    std::atomic<std::uint64_t> done_ = 0;
    Clock::time_point started_ = Clock::now();
    std::mutex mutex_;
    bool written_ = false;
};

void run_seeds(std::vector<CaseReport>& reports, RunRequest const& request, Progress& progress) {
    std::uint64_t const total = reports.size() * request.seeds;
    std::atomic<std::uint64_t> next = 0;
    std::mutex mutex;
    auto const work = [&] {
        for (std::uint64_t job = next++; job < total; job = next++) {
            CaseReport& report = reports[job / request.seeds];
            PlayOptions options;
            options.seed = request.seed + job % request.seeds;
            bool const first = options.seed == request.seed;
            options.narrate = first;
            options.explain = first && request.explain;
            options.pulse = [&] { progress.show(); };
            auto const began = Clock::now();
            Outcome outcome = language::play(*report.scenario, options);
            std::string difference;
            if (first) {
                difference = language::difference_when_played_again(*report.scenario, outcome);
            }
            std::chrono::duration<double> const took = Clock::now() - began;
            std::lock_guard const lock(mutex);
            report.seconds += took.count();
            if (first) report.difference = std::move(difference);
            if (first) report.first = outcome;
            count(report, std::move(outcome));
            progress.done_one();
        }
    };
    Crew crew(static_cast<unsigned>(std::min<std::uint64_t>(threads_of(request.jobs), total)));
    crew([&](unsigned) { work(); });
}

void judge_recoveries(std::vector<CaseReport>& reports) {
    for (CaseReport& report : reports) {
        report.recovery_problem = recovery_problem(*report.scenario, report.outages);
    }
}

/// Nothing is written where no path is given.
bool write_file(std::string const& path, std::string const& text) {
    if (path.empty()) return true;
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) fmt::print(stderr, "error: cannot write {}\n", path);
    return static_cast<bool>(file);
}

void print_report(std::vector<CaseReport> const& reports, RunRequest const& request) {
    std::string last_path;
    for (CaseReport const& report : reports) {
        Scenario const& scenario = *report.scenario;
        bool const begins = scenario.path != last_path;
        last_path = scenario.path;
        if (begins) fmt::print("\n{}  ({})\n", scenario.title, scenario.path);
        if (begins && !request.quiet) {
            for (std::string const& line : report.first.narration) fmt::print("    {}\n", line);
        }
        fmt::print("{}\n", summary_line(report));
        if (!begins && request.explain && !request.quiet) {
            for (std::string const& line : report.first.narration) fmt::print("    {}\n", line);
        }
        fmt::print("{}", failures_in_words(report));
        if (!report.difference.empty()) {
            fmt::print("  NOT REPEATABLE: seed {} was played twice, and {}\n", report.first.seed,
                       report.difference);
        }
        fmt::print("{}{}", report.recovery_problem, report.narration_problem);
    }
}

int status_of(std::vector<CaseReport> const& reports) {
    auto const any = [&](auto&& which) { return std::ranges::any_of(reports, which); };
    if (any([](CaseReport const& r) {
            return r.failed > 0 || !r.difference.empty() || !r.narration_problem.empty() ||
                   !r.recovery_problem.empty();
        })) {
        return violated;
    }
    return any([](CaseReport const& r) { return r.unknown > 0; }) ? unknown : all_held;
}

/// The search of another case, which is this one's as well.
CaseReport as_searched(CaseReport const& other, Scenario const& scenario) {
    CaseReport report = other;
    report.scenario = &scenario;
    report.seconds = 0;
    report.first.narration.push_back(fmt::format(
        "the search of {}, which has the same cluster and bound", title_of(*other.scenario)));
    return report;
}

/// Explores every case that has a bound; those without are named.
std::vector<CaseReport> explore_cases(std::vector<Scenario> const& scenarios,
                                      RunRequest const& request, bool quiet, std::size_t& skipped) {
    std::vector<CaseReport> reports;
    bool const all = request.reduce == "all";
    netsim::Reductions const reduce{.chains = all || request.reduce == "order",
                                    .blocks = all || request.reduce == "symmetry",
                                    .diamonds = request.reduce != "none"};
    ExhaustLimits limits{request.time_limit,
                         request.memory_limit << 30,
                         request.deviations,
                         reduce,
                         threads_of(request.jobs),
                         request.counterexample_file,
                         0};
    // Cases that differ in their steps alone have one search in common.
    std::map<std::string, std::size_t> searched;
    for (Scenario const& scenario : scenarios) {
        char const* why = nullptr;
        if (!scenario.cluster.arrays.empty()) {
            why = "has arrays, which are not searched";
        } else if (!scenario.bounded) {
            why = "has no 'bounded:'";
        }
        if (why != nullptr) {
            if (!quiet) fmt::print("skipped: {} {}\n", title_of(scenario), why);
            ++skipped;
            continue;
        }
        std::optional<std::string> const ground = bounded_ground(scenario);
        auto const same = ground ? searched.find(*ground) : searched.end();
        CaseReport report;
        if (same != searched.end()) {
            report = as_searched(reports[same->second], scenario);
        } else {
            report = exhaust_case(scenario, limits);
            if (ground) searched.emplace(*ground, reports.size());
            if (report.failed > 0) ++limits.counterexamples;
        }
        if (quiet && request.progress) {
            fmt::print(stderr, "{} {} {:.0f} s\n", verdict_of(report), title_of(scenario),
                       report.seconds);
        }
        if (!quiet) {
            fmt::print("\n{}  ({})\n", scenario.title, title_of(scenario));
            for (std::string const& line : report.first.narration) fmt::print("    {}\n", line);
            fmt::print("{}\n{}", summary_line(report), failures_in_words(report));
        }
        reports.push_back(std::move(report));
    }
    return reports;
}

bool write_reports(std::vector<CaseReport> const& reports, RunRequest const& request) {
    return write_file(request.junit_file, junit(reports)) &&
           write_file(request.json_file, json(reports));
}

int run_exhaust(std::vector<Scenario> const& scenarios, RunRequest const& request) {
    std::size_t skipped = 0;
    std::vector<CaseReport> const reports = explore_cases(scenarios, request, false, skipped);
    if (reports.empty()) {
        fmt::print(stderr, "error: nothing to explore: add 'bounded: {{writes: 2, faults: 1}}'\n");
        return wrong_input;
    }
    std::uint64_t good = 0;
    std::uint64_t bad = 0;
    for (CaseReport const& report : reports) {
        good += report.good() ? 1 : 0;
        bad += report.failed > 0 ? 1 : 0;
    }
    fmt::print("\n{} proved, {} violated, {} unknown, {} skipped\n", good, bad,
               reports.size() - good - bad, skipped);
    return write_reports(reports, request) ? status_of(reports) : wrong_input;
}

int run_live(std::vector<Scenario> const& scenarios, RunRequest const& request) {
    auto const live = play_live(scenarios, request);
    if (!live) {
        fmt::print(stderr, "run: {}\n", live.error());
        return wrong_input;
    }
    for (auto const& [place, why] : live->skipped) {
        fmt::print("skipped: {}: {}\n", title_of(scenarios[place]), why);
    }
    print_report(live->reports, request);
    std::uint64_t good = 0;
    for (CaseReport const& report : live->reports) good += report.good() ? 1 : 0;
    fmt::print("\n{} passed, {} failed, {} skipped\n", good, live->reports.size() - good,
               live->skipped.size());
    if (live->reports.empty()) return wrong_input;
    return write_reports(live->reports, request) ? status_of(live->reports) : wrong_input;
}

int run_all(std::vector<Scenario> const& scenarios, RunRequest const& request) {
    std::vector<CaseReport> simulated(scenarios.size());
    for (std::size_t i = 0; i < scenarios.size(); ++i) simulated[i].scenario = &scenarios[i];
    {
        Progress progress(scenarios.size() * request.seeds);
        run_seeds(simulated, request, progress);
    }
    judge_recoveries(simulated);
    std::size_t skipped = 0;
    std::vector<CaseReport> const explored = explore_cases(scenarios, request, true, skipped);
    auto const live = play_live(scenarios, request);
    if (!live) {
        fmt::print(stderr, "run: {}\n", live.error());
        return wrong_input;
    }
    int const status = compare_engines(scenarios, simulated, explored, *live);
    std::vector<CaseReport> all;
    for (auto const& reports : {simulated, explored, live->reports}) {
        all.insert(all.end(), reports.begin(), reports.end());
    }
    return write_reports(all, request) ? status : wrong_input;
}

}  // namespace

int run(RunRequest const& request) {
    bool const exhaust = request.engine == "exhaust";
    if (request.engine != "sim" && !request.trace_file.empty()) {
        fmt::print(stderr, "error: --trace is of one run of the engine sim\n");
        return wrong_input;
    }
    std::vector<Scenario> const scenarios = load_cases(
        request.paths, request.only_case,
        {request.trace_file, request.junit_file, request.json_file, request.counterexample_file});
    if (scenarios.empty()) return wrong_input;
    if (exhaust) return run_exhaust(scenarios, request);
    if (request.engine == "live") return run_live(scenarios, request);
    if (request.engine == "all") return run_all(scenarios, request);

    std::vector<CaseReport> reports(scenarios.size());
    for (std::size_t i = 0; i < scenarios.size(); ++i) reports[i].scenario = &scenarios[i];
    if (!request.trace_file.empty()) {
        if (scenarios.size() != 1) {
            fmt::print(stderr,
                       "error: a trace is of one case; choose it with --case (there are {})\n",
                       scenarios.size());
            return wrong_input;
        }
        if (!write_trace(scenarios.front(), request.seed, request.trace_file)) return wrong_input;
    }
    {
        Progress progress(scenarios.size() * request.seeds);
        run_seeds(reports, request, progress);
    }
    judge_recoveries(reports);
    for (std::size_t i = 0; i < reports.size(); ++i) {
        bool const leads = i == 0 || scenarios[i].path != scenarios[i - 1].path;
        if (leads && request.seed == 1 && request.only_case.empty() && !request.explain) {
            compare_narration(reports[i], request.rewrite_narrations);
        }
    }
    print_report(reports, request);
    std::uint64_t good = 0;
    for (CaseReport const& report : reports) good += report.good() ? 1 : 0;
    fmt::print("\n{} passed, {} failed\n", good, reports.size() - good);
    return write_reports(reports, request) ? status_of(reports) : wrong_input;
}

}  // namespace sunder::tools
