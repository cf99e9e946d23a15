// SPDX-License-Identifier: BSD-3-Clause
//
// How long runs are, which depth comes next, and what is done with a run that broke a property.
#include "scenarios/campaign/scheduler.h"

#include "base/verify.h"
#include "scenarios/language/exhaust.h"
#include "scenarios/language/write.h"

#include <fmt/format.h>
#include <algorithm>
#include <bit>

namespace sunder::campaign {

namespace {

/// Runs that are played to see how long they are, and how long at most.
constexpr unsigned pilots = 64;
constexpr std::uint32_t longest_pilot = 4096;

/// Of the longest that ends, because priorities are not fair: whoever goes first and asks again and
/// again for what others would have to do never ends. All searchers of a campaign come to the same.
std::uint32_t usual_length(netsim::Walker& walker, std::uint64_t seed) {
    RandomStream dice(seed, 83, 0);
    std::uint64_t longest = 0;
    for (unsigned pilot = 0; pilot < pilots; ++pilot) {
        netsim::Schedule const schedule = walker.scheduling().draw(1, 1, dice);
        netsim::Walked const walked = walker.walk(schedule, longest_pilot);
        if (!walked.cut_off) longest = std::max(longest, walked.events);
    }
    return longest == 0 ? longest_pilot : static_cast<std::uint32_t>(longest);
}

}  // namespace

Scheduler::Scheduler(language::Scenario const& base, netsim::World const& world,
                     SchedulerSetup const& setup)
    : base_(base),
      cluster_(world.cluster()),
      walker_(world, *base.bounded),
      dice_(setup.seed, 84, setup.number),
      most_depth_(setup.most_depth) {
    VERIFY(most_depth_ >= 1);
    results_.path = base.path;
    results_.case_name = base.case_name();
    Schedules& told = results_.schedules.emplace();
    told.streams = walker_.scheduling().streams().count();
    told.events = usual_length(walker_, setup.seed);
    told.scripts = walker_.scheduling().scripts();
    told.runs.resize(most_depth_);
}

void Scheduler::hunt() {
    Schedules& told = *results_.schedules;
    std::uint64_t const which = results_.runs % most_depth_;
    auto const events = static_cast<std::uint32_t>(told.events);
    netsim::Schedule const schedule =
        walker_.scheduling().draw(static_cast<unsigned>(which) + 1, events, dice_);
    Coverage coverage;
    walker_.watch = [&](netsim::World const& world, netsim::Observation const& observation) {
        coverage.see(world, observation);
    };
    walker_.reached = [&](netsim::World const& world) {
        Feature const state = abstract_state(world);
        if (known_.insert(state).second) results_.features.push_back(state);
    };
    netsim::Walked walked = walker_.walk(schedule, events);
    walker_.watch = nullptr;
    walker_.reached = nullptr;
    ++results_.runs;
    ++told.runs[which];
    told.cut_off += walked.cut_off ? 1 : 0;
    results_.events += walked.events;
    add(results_.marks, coverage.marks());
    add(results_.rules, coverage.rules());
    if (std::has_single_bit(results_.runs)) results_.growth.push_back({results_.runs, reached()});
    if (!walked.found) return;
    ++results_.violated;
    report(schedule, std::move(walked));
}

void Scheduler::report(netsim::Schedule const& schedule, netsim::Walked walked) {
    Finding finding;
    finding.property = walked.found->violation.property;
    finding.rule = walked.found->violation.rule;
    finding.seed = 1;
    finding.count = 1;
    auto const same = std::ranges::find(results_.findings, finding.property, &Finding::property);
    bool const known = same != results_.findings.end();
    if (known && same->count >= most_shrunk) {
        ++same->count;
        return;
    }
    netsim::Counterexample const found = netsim::shortened(walker_, schedule, std::move(walked));
    language::Scenario const replay =
        language::replay_of(base_, cluster_, found, "A way, made shorter, that priorities");
    finding.story = found.violation.story;
    finding.steps = replay.steps.size();
    finding.text = language::to_yaml(replay);
    if (known) {
        keep_shorter(*same, finding);
    } else {
        results_.findings.push_back(std::move(finding));
    }
}

std::optional<std::vector<Feature>> known_states(
    language::Scenario const& scenario, std::function<bool(netsim::Reached const&)> const& pulse,
    unsigned jobs, std::function<void(std::function<void(unsigned)> const&)> together) {
    boost::unordered_flat_set<Feature> met;
    language::Exhausting how;
    how.reduce.blocks = true;
    how.jobs = jobs;
    how.together = std::move(together);
    how.seen = [&](netsim::State const& state) { met.insert(abstract_state(state.world)); };
    auto const done = language::exhaust(scenario, pulse, how);
    if (!done || done->result.verdict != netsim::SearchResult::Verdict::proved) return std::nullopt;
    std::vector<Feature> known(met.begin(), met.end());
    std::ranges::sort(known);
    return known;
}

}  // namespace sunder::campaign
