// SPDX-License-Identifier: BSD-3-Clause
//
// Threads, time and progress of a campaign. Each thread has a searcher of its own for each case, so
// that a campaign of a given number of runs is repeatable.
#include "tools/explore_command.h"

#include "base/units.h"
#include "scenarios/campaign/hunter.h"
#include "scenarios/campaign/scheduler.h"
#include "scenarios/language/exhaust.h"
#include "tools/campaign_cases.h"
#include "tools/campaign_file.h"
#include "tools/campaign_findings.h"
#include "tools/campaign_progress.h"
#include "tools/campaign_report.h"
#include "tools/crew.h"
#include "tools/run_command.h"
#include "tools/scenario_paths.h"
#include "tools/shard.h"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <memory>
#include <optional>

namespace sunder::tools {

namespace {

using campaign::CaseResults;
using campaign::Results;
using campaign::Searcher;
using language::Scenario;
using Clock = std::chrono::steady_clock;

/// Set when the process is asked to end: what was found until then is told and written.
std::atomic<bool> stopped = false;
static_assert(std::atomic<bool>::is_always_lock_free);

/// Of this thread, in seconds.
double processor_time() {
    std::timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

struct Plan {
    Clock::time_point until;
    /// Of each case by each thread, or one more by the first few; 0: until time is over.
    std::uint64_t runs = 0;
    std::uint64_t threads_with_one_more = 0;
    Shard shard;
    bool by_priority = false;
    campaign::HuntSetup hunting;
    campaign::SchedulerSetup scheduling;

    [[nodiscard]] bool in_time() const { return !stopped && Clock::now() < until; }
};

/// Whatever number of threads each shard has, no two of them are the same.
std::unique_ptr<Searcher> searcher_for(Scenario const& scenario, Plan const& plan,
                                       unsigned thread) {
    std::uint64_t const number = thread * plan.shard.count + plan.shard.index - 1;
    if (plan.by_priority) {
        campaign::SchedulerSetup setup = plan.scheduling;
        setup.number = number;
        return std::make_unique<campaign::Scheduler>(scenario, *language::bounded_world(scenario),
                                                     setup);
    }
    campaign::HuntSetup setup = plan.hunting;
    setup.number = number;
    return std::make_unique<campaign::Hunter>(scenario, setup);
}

/// One thread's share; all cases in turn. A case that there was no time to begin has no results.
Results work(std::vector<Scenario> const& scenarios, Plan const& plan, unsigned thread,
             CampaignProgress& progress, FindingsFolder& findings) {
    std::vector<std::unique_ptr<Searcher>> searchers;
    for (Scenario const& scenario : scenarios) {
        if (!searchers.empty() && !plan.in_time()) break;
        searchers.push_back(searcher_for(scenario, plan, thread));
    }
    std::uint64_t const most = plan.runs + (thread < plan.threads_with_one_more ? 1 : 0);
    double const began = processor_time();
    for (std::uint64_t run = 0; most == 0 ? plan.runs == 0 : run < most; ++run) {
        for (std::unique_ptr<Searcher> const& searcher : searchers) {
            if (!plan.in_time()) break;
            std::size_t const before = searcher->reached();
            CaseResults const& results = searcher->results();
            std::uint64_t const runs = results.runs;
            std::uint64_t const violated = results.violated;
            searcher->hunt();
            if (results.runs == runs) continue;
            progress.ran(searcher->reached() - before, results.violated - violated, results);
            if (results.violated != violated) findings.write_shorter(results);
        }
        if (!plan.in_time()) break;
    }
    Results results;
    results.seconds = processor_time() - began;
    for (std::unique_ptr<Searcher> const& searcher : searchers) {
        Results one;
        one.cases = {searcher->results()};
        merge(results, one);
    }
    return results;
}

/// All abstract states of each case's bound, where an exhaustive search of it ends in time. It has
/// a quarter of the campaign's time, and goes first: hunting leaves none.
std::vector<std::vector<campaign::Feature>> known_states(std::vector<Scenario> const& scenarios,
                                                         ExploreRequest const& request,
                                                         Clock::time_point until) {
    std::vector<std::vector<campaign::Feature>> known(scenarios.size());
    if (request.known_states == 0) return known;
    fmt::print(stderr, "searching what was explored exhaustively, for at most {} states each\n",
               request.known_states);
    Crew crew(threads_of(request.jobs));
    auto const in_time = [&] { return !stopped && Clock::now() < until; };
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        std::optional<std::vector<campaign::Feature>> found;
        if (in_time()) {
            found = campaign::known_states(
                scenarios[i],
                [&](netsim::Reached const& reached) {
                    return reached.states < request.known_states && in_time();
                },
                crew.size(), std::ref(crew));
        }
        if (found) {
            known[i] = *std::move(found);
        } else if (!in_time()) {
            fmt::print("unknown how many abstract states {} has: no time was left\n",
                       scenarios[i].path);
        }
    }
    return known;
}

void compare(Results& results, std::vector<Scenario> const& scenarios,
             std::vector<std::vector<campaign::Feature>>& known) {
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        auto const same = std::ranges::find_if(results.cases, [&](CaseResults const& one) {
            return one.path == scenarios[i].path && one.case_name == scenarios[i].case_name();
        });
        if (same != results.cases.end()) same->schedules->known = std::move(known[i]);
    }
}

/// What is to be played. Empty when something is wrong with the request, which is said.
std::vector<Scenario> cases_of(ExploreRequest const& request, bool by_priority) {
    std::vector<Scenario> cases = load_cases(request.paths, request.only_case, {request.json_file});
    if (cases.empty()) return {};
    cases = one_of_each(std::move(cases), by_priority);
    if (cases.empty()) {
        fmt::print(stderr, "error: nothing to explore: add 'bounded: {{writes: 2, faults: 1}}'\n");
    }
    return cases;
}

/// What all shards share.
campaign::Asked asked_of(ExploreRequest const& request, Plan const& plan, std::uint64_t runs,
                         Duration time) {
    campaign::Asked asked;
    asked.schedule = request.schedule;
    asked.runs = runs;
    if (runs == 0) asked.time = time;
    if (plan.by_priority) {
        asked.depth = request.depth;
    } else {
        asked.acts = request.acts;
        asked.all_faults = request.all_faults;
    }
    return asked;
}

/// All threads' runs, added to `results`.
void hunt(Results& results, std::vector<Scenario> const& scenarios, Plan const& plan,
          unsigned threads, FindingsFolder& findings) {
    std::vector<Results> parts(threads);
    {
        CampaignProgress progress(Clock::now());
        Crew crew(threads);
        crew([&](unsigned thread) {
            parts[thread] = work(scenarios, plan, thread, progress, findings);
        });
    }
    for (Results& part : parts) {
        part.commit = results.commit;
        part.seed = results.seed;
        part.asked = results.asked;
        merge(results, part);
    }
}

/// The plan but for time and runs.
Plan plan_of(ExploreRequest const& request, Shard shard) {
    Plan plan;
    plan.shard = shard;
    plan.by_priority = request.schedule == "priority";
    plan.hunting.seed = plan.scheduling.seed = request.seed;
    plan.hunting.most_acts = request.acts;
    plan.scheduling.most_depth = request.depth;
    if (request.all_faults) plan.hunting.kinds = campaign::everything;
    return plan;
}

}  // namespace

int explore(ExploreRequest const& request) {
    auto const shard = shard_of(request.shard, process_environment());
    if (!shard) {
        fmt::print(stderr, "error: {}\n", shard.error());
        return wrong_input;
    }
    auto const time = parse_duration(request.time);
    if (!time || *time <= Duration{}) {
        fmt::print(stderr, "error: --time: {}\n",
                   time ? "it is nothing: write '10 min'" : time.error());
        return wrong_input;
    }
    Plan plan = plan_of(request, *shard);
    std::vector<Scenario> const scenarios = cases_of(request, plan.by_priority);
    FindingsFolder findings(request.findings);
    if (scenarios.empty() || !can_write_results(request.json_file) || !findings.can_be_written()) {
        return wrong_input;
    }
    for (int const signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stopped = true; });
    unsigned const jobs = threads_of(request.jobs);
    std::uint64_t const runs =
        request.runs_in_all == 0 ? request.runs
                                 : (request.runs_in_all + scenarios.size() - 1) / scenarios.size();
    std::uint64_t const share = runs / shard->count + (shard->index <= runs % shard->count ? 1 : 0);
    Results results;
    results.commit = request.commit;
    results.seed = request.seed;
    results.asked = asked_of(request, plan, runs, *time);
    results.shards = {to_text(*shard)};
    if (runs != 0 && share == 0) {
        fmt::print("shard {} of {} runs has nothing to do\n", to_text(*shard), runs);
        return write_results(request.json_file, results) ? all_held : wrong_input;
    }
    plan.runs = share / jobs;
    plan.threads_with_one_more = share % jobs;
    // With a number of runs, time is no limit.
    auto const began = Clock::now();
    auto const limit = std::chrono::nanoseconds(time->ns);
    plan.until = runs != 0 ? Clock::time_point::max() : began + limit;
    plan.hunting.in_time = [&plan] { return plan.in_time(); };
    unsigned const threads =
        runs == 0 || plan.runs > 0 ? jobs : static_cast<unsigned>(plan.threads_with_one_more);
    std::vector<std::vector<campaign::Feature>> known;
    if (plan.by_priority) {
        known = known_states(scenarios, request, runs != 0 ? plan.until : began + limit / 4);
    }
    hunt(results, scenarios, plan, threads, findings);
    if (plan.by_priority) compare(results, scenarios, known);
    if (stopped) {
        results.stopped = results.shards;
        fmt::print("stopped before its end\n");
    }
    bool const told = tell_campaign(results, findings, request.quiet);
    bool const written = write_results(request.json_file, results);
    if (!told || !written) return wrong_input;
    int const status = status_of(results);
    bool const all_begun = results.cases.size() == scenarios.size();
    return (stopped || !all_begun) && status == all_held ? unknown : status;
}

}  // namespace sunder::tools
