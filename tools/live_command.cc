// SPDX-License-Identifier: BSD-3-Clause
//
// Which cases are played, where, and how many at a time.
#include "tools/live_command.h"

#include "scenarios/live/play.h"
#include "scenarios/live/unplayable.h"
#include "tools/crew.h"
#include "tools/plugin_place.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <optional>

namespace sunder::tools {

namespace {

using language::Result;
using language::Scenario;

/// Who is interrupted takes his nodes and folders along.
std::atomic<bool> stopped = false;

/// Memory, where there is some: stores are synced often, and no power is ever cut.
std::filesystem::path scratch() {
    if (::access("/dev/shm", W_OK) == 0) return "/dev/shm";
    return std::filesystem::temp_directory_path();
}

std::string_view verdict_of(CaseReport const* report) {
    return report == nullptr ? "skipped" : verdict_of(*report);
}

CaseReport const* find(std::vector<CaseReport> const& reports, Scenario const& scenario) {
    for (CaseReport const& report : reports) {
        if (report.scenario == &scenario) return &report;
    }
    return nullptr;
}

}  // namespace

std::expected<LiveRun, std::string> play_live(std::vector<Scenario> const& scenarios,
                                              RunRequest const& request) {
    auto const plugin = request.plugin.empty()
                            ? find_plugin()
                            : std::expected<std::string, std::string>(request.plugin);
    if (!plugin) return std::unexpected(plugin.error());
    LiveRun run;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        if (auto why = staged::unplayable(scenarios[i])) {
            run.skipped.emplace_back(i, std::move(*why));
            continue;
        }
        CaseReport& report = run.reports.emplace_back();
        report.scenario = &scenarios[i];
        report.engine = "live";
        report.replay = fmt::format("sunder run --engine live --keep --seed {} --speed {} {}{}",
                                    request.seed, request.speed, scenarios[i].path,
                                    scenarios[i].case_name().empty()
                                        ? ""
                                        : fmt::format(" --case '{}'", scenarios[i].case_name()));
    }
    std::uint64_t const total = run.reports.size() * request.seeds;
    std::atomic<std::uint64_t> next = 0;
    std::mutex mutex;
    auto const work = [&] {
        for (std::uint64_t job = next++; job < total; job = next++) {
            CaseReport& report = run.reports[job / request.seeds];
            staged::LiveOptions options;
            options.seed = request.seed + job % request.seeds;
            options.speed = {request.speed};
            options.plugin = *plugin;
            options.folder = scratch();
            options.keep = request.keep;
            options.stopped = &stopped;
            auto const began = std::chrono::steady_clock::now();
            std::optional<language::Outcome> played;
            try {
                played = staged::play(*report.scenario, options);
            } catch (staged::Stopped const&) {
                return;
            }
            language::Outcome& outcome = *played;
            std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
            std::lock_guard const lock(mutex);
            report.seconds += took.count();
            bool const first = options.seed == request.seed;
            if (first) report.first = outcome;
            if (request.progress) {
                fmt::print(stderr, "{} {} {:.0f} s\n",
                           outcome.result == Result::held ? "ok  " : "FAIL",
                           title_of(*report.scenario), took.count());
            }
            count(report, std::move(outcome));
        }
    };
    for (int const signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stopped = true; });
    // Each waits for time to pass, most of the time.
    unsigned const at_once = request.jobs == 0 ? 2 * threads_of(0) : request.jobs;
    Crew crew(
        static_cast<unsigned>(std::min<std::uint64_t>(at_once, std::max<std::uint64_t>(total, 1))));
    crew([&](unsigned) { work(); });
    if (stopped) return std::unexpected("stopped before its end");
    return run;
}

int compare_engines(std::vector<Scenario> const& scenarios,
                    std::vector<CaseReport> const& simulated,
                    std::vector<CaseReport> const& explored, LiveRun const& live) {
    fmt::print("{:92} {:9} {:9} {:9}\n", "case", "sim", "exhaust", "live");
    std::size_t differ = 0;
    std::size_t bad = 0;
    for (Scenario const& scenario : scenarios) {
        CaseReport const* const sim = find(simulated, scenario);
        CaseReport const* const search = find(explored, scenario);
        CaseReport const* const real = find(live.reports, scenario);
        std::string note;
        unsigned held = 0;
        unsigned violated_by = 0;
        for (CaseReport const* const one : {sim, search, real}) {
            held += one != nullptr && one->good() ? 1 : 0;
            violated_by += verdict_of(one) == "VIOLATED" ? 1 : 0;
        }
        bool const disagree = held > 0 && violated_by > 0;
        differ += disagree ? 1 : 0;
        bad += violated_by > 0 ? 1 : 0;
        for (auto const& [place, why] : live.skipped) {
            if (&scenarios[place] == &scenario) note = "  live: " + why;
        }
        if (disagree) note += "  THEY DISAGREE";
        fmt::print("{:92} {:9} {:9} {:9}{}\n", title_of(scenario), verdict_of(sim),
                   verdict_of(search), verdict_of(real), note);
    }
    for (std::vector<CaseReport> const* const all : {&simulated, &explored, &live.reports}) {
        for (CaseReport const& report : *all) {
            if (verdict_of(&report) != "VIOLATED") continue;
            fmt::print("\n{} by {}\n{}", title_of(*report.scenario), report.engine,
                       failures_in_words(report) + report.recovery_problem);
            for (std::string const& line : report.first.narration) fmt::print("    {}\n", line);
        }
    }
    fmt::print("\n{} cases, {} on which engines disagree, {} violated, {} not played live\n",
               scenarios.size(), differ, bad, live.skipped.size());
    bool const open = std::ranges::any_of(
        explored, [](CaseReport const& report) { return verdict_of(&report) == "unknown"; });
    return differ > 0 || bad > 0 ? violated : open ? unknown : all_held;
}

}  // namespace sunder::tools
