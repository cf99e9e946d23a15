// SPDX-License-Identifier: BSD-3-Clause
//
// How runs are divided among searchers, and searchers among threads.
#include "tools/campaign_hunt.h"

#include "base/hash.h"
#include "scenarios/language/exhaust.h"
#include "tools/campaign_progress.h"
#include "tools/crew.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>

namespace sunder::tools {

namespace {

using campaign::CaseResults;
using campaign::Results;
using campaign::Searcher;
using language::Scenario;

/// Of this thread, in seconds.
double processor_time() {
    std::timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// Cases of one campaign draw apart from each other, and where a file lies does not matter.
std::uint64_t seed_of(std::uint64_t campaign, Scenario const& scenario) {
    Hasher hasher;
    hasher.add(campaign);
    for (std::string const& name : {scenario.title, scenario.case_name()}) {
        for (char const c : name) hasher.add(static_cast<unsigned char>(c));
    }
    return hasher.result();
}

std::unique_ptr<Searcher> searcher_for(Scenario const& scenario, CampaignPlan const& plan,
                                       std::uint64_t number) {
    if (plan.by_priority) {
        campaign::SchedulerSetup setup = plan.scheduling;
        setup.number = number;
        setup.seed = seed_of(setup.seed, scenario);
        return std::make_unique<campaign::Scheduler>(scenario, *language::bounded_world(scenario),
                                                     setup);
    }
    campaign::HuntSetup setup = plan.hunting;
    setup.number = number;
    setup.seed = seed_of(setup.seed, scenario);
    return std::make_unique<campaign::Hunter>(scenario, setup);
}

/// What all threads tell of their runs.
struct Tellers {
    CampaignProgress& progress;
    FindingsFolder& findings;
};

void hunt_once(Searcher& searcher, Tellers const& tellers) {
    std::size_t const before = searcher.reached();
    CaseResults const& results = searcher.results();
    std::uint64_t const runs = results.runs;
    std::uint64_t const violated = results.violated;
    searcher.hunt();
    if (results.runs == runs) return;
    tellers.progress.ran(searcher.reached() - before, results.violated - violated, results);
    if (results.violated != violated) tellers.findings.write_shorter(results);
}

void add(Results& results, Searcher const& searcher) {
    Results one;
    one.cases = {searcher.results()};
    merge(results, one);
}

/// A share of a case's runs, with a searcher of its own.
struct Portion {
    std::size_t scenario = 0;
    std::uint64_t searcher = 0;
    std::uint64_t runs = 0;
};

/// A searcher learns from its own runs only, so each has many; and the more there are in all, the
/// more there are of both.
constexpr std::uint64_t least_runs_of_a_searcher = 64;

/// This shard's portions. How runs are divided depends on their number alone, and what a portion
/// finds on no other.
std::vector<Portion> portions_of(std::size_t scenarios, std::uint64_t runs, Shard const& shard) {
    std::uint64_t each = least_runs_of_a_searcher;
    while (each * each < runs) ++each;
    std::uint64_t const searchers = std::max<std::uint64_t>(runs / each, 1);
    std::vector<Portion> portions;
    std::uint64_t place = 0;
    for (std::uint64_t s = 0; s < searchers; ++s) {
        std::uint64_t const mine = runs / searchers + (s < runs % searchers ? 1 : 0);
        for (std::size_t i = 0; i < scenarios; ++i) {
            if (place++ % shard.count == shard.index - 1) portions.push_back({i, s, mine});
        }
    }
    return portions;
}

/// One thread's work where the runs are counted: what portions the others leave.
Results work_portions(std::vector<Scenario> const& scenarios, CampaignPlan const& plan,
                      std::vector<Portion> const& portions, std::atomic<std::size_t>& next,
                      Tellers const& tellers) {
    Results results;
    for (std::size_t i = next++; i < portions.size() && plan.in_time(); i = next++) {
        Portion const& portion = portions[i];
        auto const searcher = searcher_for(scenarios[portion.scenario], plan, portion.searcher);
        for (std::uint64_t run = 0; run < portion.runs && plan.in_time(); ++run) {
            hunt_once(*searcher, tellers);
        }
        add(results, *searcher);
    }
    return results;
}

/// One thread's work until time is over, all cases in turn.
Results work_in_time(std::vector<Scenario> const& scenarios, CampaignPlan const& plan,
                     unsigned thread, Tellers const& tellers) {
    std::vector<std::unique_ptr<Searcher>> searchers;
    for (Scenario const& scenario : scenarios) {
        if (!searchers.empty() && !plan.in_time()) break;
        // Whatever number of threads each shard has, no two of them are the same.
        std::uint64_t const number = thread * plan.shard.count + plan.shard.index - 1;
        searchers.push_back(searcher_for(scenario, plan, number));
    }
    do {
        for (std::unique_ptr<Searcher> const& searcher : searchers) {
            if (!plan.in_time()) break;
            hunt_once(*searcher, tellers);
        }
    } while (plan.in_time());
    Results results;
    for (std::unique_ptr<Searcher> const& searcher : searchers) add(results, *searcher);
    return results;
}

}  // namespace

void hunt(Results& results, std::vector<Scenario> const& scenarios, CampaignPlan const& plan,
          unsigned threads, FindingsFolder& findings) {
    std::vector<Portion> portions;
    if (plan.runs != 0) portions = portions_of(scenarios.size(), plan.runs, plan.shard);
    std::atomic<std::size_t> next = 0;
    std::vector<Results> parts(threads);
    {
        CampaignProgress progress(std::chrono::steady_clock::now());
        Tellers const tellers{progress, findings};
        Crew crew(threads);
        crew([&](unsigned thread) {
            double const began = processor_time();
            parts[thread] = plan.runs == 0
                                ? work_in_time(scenarios, plan, thread, tellers)
                                : work_portions(scenarios, plan, portions, next, tellers);
            parts[thread].seconds = processor_time() - began;
        });
    }
    // A case without a run here is one of the campaign's all the same: other shards may have run
    // it.
    Results& none = parts.emplace_back();
    for (Scenario const& scenario : scenarios) add(none, *searcher_for(scenario, plan, 0));
    for (Results& part : parts) {
        part.commit = results.commit;
        part.seed = results.seed;
        part.asked = results.asked;
        merge(results, part);
    }
}

}  // namespace sunder::tools
