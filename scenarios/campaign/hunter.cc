// SPDX-License-Identifier: BSD-3-Clause
//
// What is played next, what is kept, and what is done with a run that broke a property.
#include "scenarios/campaign/hunter.h"

#include "scenarios/language/shrink.h"
#include "scenarios/language/write.h"

#include <algorithm>
#include <bit>
#include <set>
#include <string_view>

namespace sunder::campaign {

namespace {

using language::Outcome;
using language::PlayOptions;
using language::Scenario;

/// After so many runs that saw nothing new, one is gone on from no more.
constexpr unsigned most_barren = 12;
constexpr std::size_t most_kept = 4096;

/// What the run was without the steps that had no effect, or that it did not come to: of all steps
/// only the waits at the beginning can fail.
Scenario as_played(Scenario scenario, Outcome const& outcome) {
    if (outcome.failure) {
        auto const begins = std::ranges::find_if(scenario.steps, [](language::Step const& step) {
            return !std::holds_alternative<language::step::Wait>(step.action);
        });
        scenario.steps.erase(begins, scenario.steps.end());
        return scenario;
    }
    std::vector<std::size_t> const& left_out = outcome.left_out;
    for (auto place = left_out.rbegin(); place != left_out.rend(); ++place) {
        scenario.steps.erase(scenario.steps.begin() + static_cast<std::ptrdiff_t>(*place));
    }
    return scenario;
}

}  // namespace

Hunter::Hunter(Scenario const& base, HuntSetup const& setup)
    : setup_(setup),
      drawing_(base, setup.most_acts, setup.kinds),
      dice_(setup.seed, 79, setup.number) {
    results_.path = base.path;
    results_.case_name = base.case_name();
}

Recipe Hunter::next() {
    parent_.reset();
    if (kept_.empty() || dice_.below(2) == 0) return drawing_.fresh(dice_);
    parent_ = dice_.below(kept_.size());
    Kept const& from = kept_[*parent_];
    if (from.moments.empty() || dice_.below(2) == 0) return drawing_.varied(from.recipe, dice_);
    Duration const moment = from.moments[dice_.below(from.moments.size())];
    return drawing_.branched(from.recipe, moment, dice_);
}

bool Hunter::learn(Recipe const& recipe, Coverage const& coverage, Duration began) {
    Kept kept{recipe, {}, 0};
    bool news = false;
    for (Coverage::Reached const& reached : coverage.reached()) {
        if (!known_.insert(reached.feature).second) continue;
        news = true;
        results_.features.push_back(reached.feature);
        bool const during = reached.at >= began;
        if (during && kept.moments.size() < 8) kept.moments.push_back(reached.at - began);
    }
    if (parent_) {
        Kept& parent = kept_[*parent_];
        parent.barren = news ? 0 : parent.barren + 1;
        if (parent.barren >= most_barren) {
            std::swap(parent, kept_.back());
            kept_.pop_back();
        }
    }
    if (news && kept_.size() < most_kept) kept_.push_back(std::move(kept));
    return news;
}

void Hunter::hunt() {
    Recipe const recipe = next();
    Scenario const scenario = drawing_.scenario(recipe);
    Coverage coverage;
    std::optional<Duration> began;
    PlayOptions options;
    options.seed = recipe.seed;
    options.leave_out_impossible = true;
    options.most_events = setup_.most_events;
    options.watch = [&](netsim::World const& world, netsim::Observation const& observation) {
        coverage.see(world, observation);
    };
    options.past_waits = [&](netsim::World const& world) { began = world.now(); };
    options.in_time = setup_.in_time;
    Outcome const outcome = language::play(scenario, options);
    if (outcome.given_up) return;
    learn(recipe, coverage, began.value_or(Duration{}));
    ++results_.runs;
    results_.events += outcome.statistics.events;
    add(results_.marks, coverage.marks());
    add(results_.rules, coverage.rules());
    for (auto const& [what, times] : outcome.allowed) results_.allowed[what] += times;
    if (std::has_single_bit(results_.runs)) results_.growth.push_back({results_.runs, reached()});
    if (outcome.result == language::Result::unknown) keep_unknown(scenario, outcome);
    if (outcome.result != language::Result::violated) return;
    ++results_.violated;
    report(as_played(scenario, outcome), outcome);
}

/// The first one is kept as it was played: what makes a run unknown may be its length.
void Hunter::keep_unknown(Scenario const& scenario, Outcome const& outcome) {
    ++results_.unknown;
    auto const same = std::ranges::find(results_.findings, unknown_run, &Finding::property);
    if (same != results_.findings.end()) {
        ++same->count;
        return;
    }
    // Steps that it did not come to may be impossible.
    Scenario reached = scenario;
    reached.steps.resize(std::min(reached.steps.size(), outcome.steps_done + 1));
    Scenario const played = as_played(std::move(reached), outcome);
    results_.findings.push_back({unknown_run, "", outcome.why_unknown, outcome.seed,
                                 played.steps.size(), language::to_yaml(played), 1});
}

/// Each property that the run broke is a finding of its own; where it broke none, the step is.
void Hunter::report(Scenario const& scenario, Outcome const& outcome) {
    std::set<std::string_view> told;
    for (netsim::Violation const& violation : outcome.violations) {
        if (!told.insert(violation.property).second) continue;
        make_small({violation.property, violation.rule, violation.story, outcome.seed, 0, "", 1},
                   scenario);
    }
    if (!told.empty()) return;
    Finding step;
    step.seed = outcome.seed;
    step.count = 1;
    step.property = "step";
    if (outcome.failure) step.story = outcome.failure->what + ": " + outcome.failure->instead;
    make_small(std::move(step), scenario);
}

/// The first runs that break a property are made small.
void Hunter::make_small(Finding finding, Scenario const& scenario) {
    auto const same = std::ranges::find(results_.findings, finding.property, &Finding::property);
    bool const known = same != results_.findings.end();
    if (known && same->count >= most_shrunk) {
        ++same->count;
        return;
    }
    std::uint64_t attempts = 0;
    language::ShrinkOptions options;
    options.seed = finding.seed;
    if (finding.property != "step") options.property = finding.property;
    options.go_on = [&] { return ++attempts <= setup_.shrink_attempts; };
    options.most_events = setup_.shrink_events;
    options.in_time = setup_.in_time;
    if (auto const shrunk = language::shrink(scenario, options)) {
        finding.seed = shrunk->seed;
        finding.steps = shrunk->scenario.steps.size();
        finding.text = language::to_yaml(shrunk->scenario);
        PlayOptions again;
        again.seed = shrunk->seed;
        again.in_time = setup_.in_time;
        Outcome const small = language::play(shrunk->scenario, again);
        auto const violation =
            std::ranges::find(small.violations, finding.property, &netsim::Violation::property);
        if (violation != small.violations.end()) finding.story = violation->story;
    } else {
        finding.steps = scenario.steps.size();
        finding.text = language::to_yaml(scenario);
    }
    if (!known) {
        results_.findings.push_back(std::move(finding));
    } else {
        keep_shorter(*same, finding);
    }
}

}  // namespace sunder::campaign
