// SPDX-License-Identifier: BSD-3-Clause
//
// What a campaign is asked for, how long it may take, and what is made of what it found.
#include "tools/explore_command.h"

#include "base/units.h"
#include "scenarios/language/exhaust.h"
#include "tools/campaign_cases.h"
#include "tools/campaign_file.h"
#include "tools/campaign_findings.h"
#include "tools/campaign_hunt.h"
#include "tools/campaign_report.h"
#include "tools/crew.h"
#include "tools/run_command.h"
#include "tools/scenario_paths.h"
#include "tools/shard.h"
#include "tools/this_build.h"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>

namespace sunder::tools {

namespace {

using campaign::CaseResults;
using campaign::Results;
using language::Scenario;
using Clock = std::chrono::steady_clock;

/// Set when the process is asked to end: what was found until then is told and written.
std::atomic<bool> stopped = false;
static_assert(std::atomic<bool>::is_always_lock_free);

/// All abstract states of each case's bound, where an exhaustive search of it has at most so many
/// states and ends in time. It has a quarter of the campaign's time, and goes first: hunting leaves
/// none.
std::vector<std::vector<campaign::Feature>> known_states(std::vector<Scenario> const& scenarios,
                                                         ExploreRequest const& request,
                                                         std::uint64_t most,
                                                         Clock::time_point until) {
    std::vector<std::vector<campaign::Feature>> known(scenarios.size());
    if (most == 0) return known;
    fmt::print(stderr, "searching what can be explored exhaustively, for at most {} states each\n",
               most);
    Crew crew(threads_of(request.jobs));
    auto const in_time = [&] { return !stopped && Clock::now() < until; };
    std::vector<std::string> untold;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        if (!scenarios[i].bounded) continue;
        std::optional<std::vector<campaign::Feature>> found;
        if (in_time()) {
            found = campaign::known_states(
                scenarios[i],
                [&](netsim::Reached const& reached) { return reached.states < most && in_time(); },
                crew.size(), std::ref(crew));
        }
        if (found) {
            known[i] = *std::move(found);
        } else if (!in_time()) {
            untold.push_back(scenarios[i].path);
        }
    }
    if (untold.size() == 1) {
        fmt::print("unknown how many abstract states {} has: no time was left\n", untold.front());
    } else if (!untold.empty()) {
        fmt::print(
            "unknown how many abstract states {} and {} other cases have: no time was left\n",
            untold.front(), untold.size() - 1);
    }
    return known;
}

void compare(Results& results, std::vector<Scenario> const& scenarios,
             std::vector<std::vector<campaign::Feature>>& known) {
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        auto const same = std::ranges::find_if(results.cases, [&](CaseResults const& one) {
            return one.path == scenarios[i].path && one.case_name == scenarios[i].case_name();
        });
        if (same == results.cases.end()) continue;
        same->known = std::move(known[i]);
        if (same->schedules) continue;
        for (campaign::Feature& state : same->known) state = campaign::Coverage::of_state(state);
        std::ranges::sort(same->known);
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
campaign::Asked asked_of(ExploreRequest const& request, CampaignPlan const& plan,
                         std::uint64_t runs, Duration time) {
    campaign::Asked asked;
    asked.schedule = request.schedule;
    asked.runs = runs;
    if (runs == 0) asked.time = time;
    if (plan.by_priority) {
        asked.depth = request.depth;
    } else {
        asked.acts = request.acts;
        asked.faults = request.faults;
    }
    return asked;
}

/// The plan but for time and runs.
CampaignPlan plan_of(ExploreRequest const& request, Shard shard) {
    CampaignPlan plan;
    plan.shard = shard;
    plan.by_priority = request.schedule == "priority";
    plan.hunting.seed = plan.scheduling.seed = request.seed;
    plan.hunting.most_acts = request.acts;
    plan.scheduling.most_depth = request.depth;
    if (request.faults == "all") plan.hunting.kinds = campaign::everything;
    if (request.faults == "in-budget") {
        plan.hunting.kinds = campaign::everything & ~campaign::outside_budget;
    }
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
    CampaignPlan plan = plan_of(request, *shard);
    std::vector<Scenario> const scenarios = cases_of(request, plan.by_priority);
    FindingsFolder findings(request.findings);
    if (scenarios.empty() || !can_write_results(request.json_file) || !findings.can_be_written()) {
        return wrong_input;
    }
    for (int const signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stopped = true; });
    std::uint64_t const runs =
        request.runs_in_all == 0 ? request.runs
                                 : (request.runs_in_all + scenarios.size() - 1) / scenarios.size();
    Results results;
    results.commit = request.commit.empty() ? this_build() : request.commit;
    results.seed = request.seed;
    results.asked = asked_of(request, plan, runs, *time);
    results.shards = {to_text(*shard)};
    plan.runs = runs;
    // With a number of runs, time is no limit.
    auto const began = Clock::now();
    auto const limit = std::chrono::nanoseconds(time->ns);
    auto const until = runs != 0 ? Clock::time_point::max() : began + limit;
    plan.in_time = plan.hunting.in_time = [&] { return !stopped && Clock::now() < until; };
    std::uint64_t const most =
        request.known_states.value_or(plan.by_priority || runs == 0 ? 200'000 : 0);
    auto known = known_states(scenarios, request, most, runs != 0 ? until : began + limit / 4);
    hunt(results, scenarios, plan, threads_of(request.jobs), findings);
    compare(results, scenarios, known);
    if (stopped) {
        results.stopped = results.shards;
        fmt::print("stopped before its end\n");
    }
    bool const none =
        std::ranges::all_of(results.cases, [](auto const& one) { return one.runs == 0; });
    if (runs != 0 && none && !stopped) {
        fmt::print("shard {} of {} runs has nothing to do\n", to_text(*shard), runs);
        return write_results(request.json_file, results) ? all_held : wrong_input;
    }
    bool const told = tell_campaign(results, findings, request.quiet);
    bool const written = write_results(request.json_file, results);
    if (!told || !written) return wrong_input;
    int const status = status_of(results);
    return stopped && status == all_held ? unknown : status;
}

}  // namespace sunder::tools
