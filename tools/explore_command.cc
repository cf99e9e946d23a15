// SPDX-License-Identifier: BSD-3-Clause
//
// Threads, time and progress of a campaign. Each thread has a searcher of its own for each case, so
// that a campaign of a given number of runs is repeatable.
#include "tools/explore_command.h"

#include "base/units.h"
#include "scenarios/campaign/hunter.h"
#include "scenarios/language/narration.h"
#include "tools/campaign_file.h"
#include "tools/campaign_report.h"
#include "tools/narrations.h"
#include "tools/run_command.h"
#include "tools/scenario_paths.h"
#include "tools/shard.h"

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

namespace sunder::tools {

namespace {

using campaign::Hunter;
using campaign::Results;
using language::Scenario;
using Clock = std::chrono::steady_clock;

/// Set when the process is asked to end: what was found until then is told and written.
std::atomic<bool> stopped = false;
static_assert(std::atomic<bool>::is_always_lock_free);

double since(Clock::time_point began) {
    return std::chrono::duration<double>(Clock::now() - began).count();
}

/// What all threads have come to, told while they work: a line that is written over on a terminal,
/// one every half a minute elsewhere.
class Progress {
public:
    explicit Progress(Clock::time_point began)
        : began_(began), terminal_(isatty(STDERR_FILENO) != 0), teller_([this] { tell(); }) {}
    ~Progress() {
        {
            std::lock_guard const lock(mutex_);
            over_ = true;
        }
        wake_.notify_all();
        teller_.join();
        if (terminal_) fmt::print(stderr, "\r{:110}\r", "");
    }
    void ran(std::size_t features, std::uint64_t violated,
             campaign::CaseResults const& case_so_far) {
        std::lock_guard const lock(mutex_);
        ++runs_;
        features_ += features;
        violated_ += violated;
        if (features == 0) return;
        for (auto const& [name, times] : case_so_far.marks) marks_.insert(name);
        for (auto const& [name, times] : case_so_far.rules) rules_.insert(name);
    }

private:
    void tell() {
        std::size_t const all_marks = language::mark_names().size();
        std::size_t const all_rules =
            language::rule_names().size() + language::handshake_rule_names().size();
        auto const period = terminal_ ? std::chrono::seconds(1) : std::chrono::seconds(30);
        std::unique_lock lock(mutex_);
        std::uint64_t before = 0;
        while (!wake_.wait_for(lock, period, [this] { return over_; })) {
            fmt::print(stderr,
                       "{}{} runs, {:.0f}/s, {} features (+{}), not reached: {} marks, {} rules; "
                       "{} violated{}",
                       terminal_ ? "\r" : "", runs_, static_cast<double>(runs_) / since(began_),
                       features_, features_ - before, all_marks - marks_.size(),
                       all_rules - rules_.size(), violated_, terminal_ ? "  " : "\n");
            std::fflush(stderr);
            before = features_;
        }
    }

    Clock::time_point began_;
    bool terminal_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool over_ = false;
    std::uint64_t runs_ = 0;
    std::uint64_t features_ = 0;
    std::uint64_t violated_ = 0;
    std::set<std::string> marks_;
    std::set<std::string> rules_;
    std::thread teller_;
};

struct Plan {
    Clock::time_point until;
    /// Of each case by each thread, or one more by the first few; 0: until time is over.
    std::uint64_t runs = 0;
    std::uint64_t threads_with_one_more = 0;
    Shard shard;
    campaign::HuntSetup setup;
};

/// One thread's share; all cases in turn.
Results work(std::vector<Scenario> const& scenarios, Plan const& plan, unsigned thread,
             Progress& progress) {
    campaign::HuntSetup setup = plan.setup;
    // Whatever number of threads each shard has, no two searchers are the same.
    setup.number = thread * plan.shard.count + plan.shard.index - 1;
    std::vector<Hunter> hunters;
    hunters.reserve(scenarios.size());
    for (Scenario const& scenario : scenarios) hunters.emplace_back(scenario, setup);
    std::uint64_t const most = plan.runs + (thread < plan.threads_with_one_more ? 1 : 0);
    auto const began = Clock::now();
    for (std::uint64_t run = 0; most == 0 ? plan.runs == 0 : run < most; ++run) {
        for (Hunter& hunter : hunters) {
            if (stopped || Clock::now() >= plan.until) break;
            std::size_t const before = hunter.reached();
            std::uint64_t const violated = hunter.results().violated;
            hunter.hunt();
            progress.ran(hunter.reached() - before, hunter.results().violated - violated,
                         hunter.results());
        }
        if (stopped || Clock::now() >= plan.until) break;
    }
    Results results;
    results.seconds = since(began);
    for (Hunter const& hunter : hunters) {
        Results one;
        one.cases = {hunter.results()};
        merge(results, one);
    }
    return results;
}

bool write_results(std::string const& path, Results const& results) {
    if (path.empty()) return true;
    std::ofstream file(path);
    file << to_json(results);
    file.close();
    if (!file) fmt::print(stderr, "error: cannot write {}\n", path);
    return static_cast<bool>(file);
}

/// Complains and returns false where shards are of different campaigns, or there twice. One that is
/// missing is told, and no error: it may have been lost.
bool fit_together(std::vector<std::string> const& shards) {
    std::set<std::string> counts;
    for (std::size_t s = 0; s < shards.size(); ++s) {
        counts.insert(shards[s].substr(shards[s].find('/') + 1));
        if (s == 0 || shards[s] != shards[s - 1]) continue;
        fmt::print(stderr, "error: shard {} is there twice: its runs would count twice\n",
                   shards[s]);
        return false;
    }
    if (counts.size() > 1) {
        fmt::print(stderr, "error: the shards {} are of different campaigns\n",
                   fmt::join(shards, ", "));
        return false;
    }
    std::string const& all = *counts.begin();
    if (all != std::to_string(shards.size())) {
        fmt::print("{} of {} shards: {}\n", shards.size(), all, fmt::join(shards, ", "));
    }
    return true;
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
    std::vector<Scenario> const scenarios =
        load_cases(scenario_files(request.paths), request.only_case);
    if (scenarios.empty()) return wrong_input;
    unsigned const jobs =
        request.jobs != 0 ? request.jobs : std::max(1U, std::thread::hardware_concurrency());
    Plan plan;
    // With a number of runs, time is no limit.
    auto const began = Clock::now();
    plan.until =
        request.runs != 0 ? Clock::time_point::max() : began + std::chrono::nanoseconds(time->ns);
    std::uint64_t const share =
        request.runs / shard->count + (shard->index <= request.runs % shard->count ? 1 : 0);
    Results results;
    results.commit = request.commit;
    results.seed = request.seed;
    results.shards = {to_text(*shard)};
    if (request.runs != 0 && share == 0) {
        fmt::print("shard {} of {} runs has nothing to do\n", to_text(*shard), request.runs);
        return write_results(request.json_file, results) ? all_held : wrong_input;
    }
    plan.runs = share / jobs;
    plan.threads_with_one_more = share % jobs;
    plan.setup.seed = request.seed;
    plan.shard = *shard;
    plan.setup.most_acts = request.acts;
    if (request.all_faults) plan.setup.kinds = campaign::everything;
    unsigned const threads = request.runs == 0 || plan.runs > 0
                                 ? jobs
                                 : static_cast<unsigned>(plan.threads_with_one_more);

    std::vector<Results> parts(threads);
    for (int const signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stopped = true; });
    {
        Progress progress(began);
        std::vector<std::thread> pool;
        for (unsigned t = 0; t < threads; ++t) {
            pool.emplace_back([&, t] { parts[t] = work(scenarios, plan, t, progress); });
        }
        for (std::thread& thread : pool) thread.join();
    }
    for (Results& part : parts) {
        part.commit = results.commit;
        part.seed = results.seed;
        merge(results, part);
    }
    if (stopped) fmt::print("stopped before its end\n");
    bool const told = tell_campaign(results, request.findings);
    bool const written = write_results(request.json_file, results);
    return told && written ? status_of(results) : wrong_input;
}

int merge_reports(MergeRequest const& request) {
    Results all;
    bool first = true;
    for (std::string const& path : request.files) {
        std::ifstream file(path);
        std::ostringstream text;
        text << file.rdbuf();
        auto const results =
            file ? results_of(text.str())
                 : std::expected<Results, std::string>(std::unexpected("it cannot be opened"));
        if (!results) {
            fmt::print(stderr, "error: {}: {}\n", path, results.error());
            return wrong_input;
        }
        if (first) all.commit = results->commit;
        if (first) all.seed = results->seed;
        if (all.commit != results->commit) {
            fmt::print(stderr,
                       "error: {}: it is about commit {}, the others are about {}: results of one "
                       "program only can be merged\n",
                       path, results->commit, all.commit);
            return wrong_input;
        }
        if (all.seed != results->seed) {
            fmt::print(stderr,
                       "error: {}: its seed is {}, that of the others {}: merge the shards "
                       "of one campaign\n",
                       path, results->seed, all.seed);
            return wrong_input;
        }
        first = false;
        merge(all, *results);
    }
    if (!fit_together(all.shards)) return wrong_input;
    bool const told = tell_campaign(all, request.findings);
    bool const written = write_results(request.json_file, all);
    return told && written ? status_of(all) : wrong_input;
}

}  // namespace sunder::tools
