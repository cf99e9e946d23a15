// SPDX-License-Identifier: BSD-3-Clause
//
// Which wrong engines random campaigns find, within how many runs, and by which checker; and that
// the right one comes through the same campaigns. Nobody has told them what to look for, as the
// stories of hunts.cc do. Built with SUNDER_MUTANTS.
#include "base/mutant.h"
#include "scenarios/campaign/hunter.h"
#include "tests/campaign/bases.h"
#include "tests/netsim/checkers/disk_stories.h"
#include "tests/netsim/checkers/hierarchy_stories.h"
#include "tests/netsim/checkers/missed.h"
#include "tests/netsim/checkers/resync_stories.h"
#include "tests/netsim/checkers/takeover_stories.h"
#include "tests/netsim/checkers/target_stories.h"
#include "tests/netsim/checkers/volume_stories.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sunder::campaign {
namespace {

using language::Scenario;
using netsim::Mode;

struct Base {
    char const* name;
    Scenario scenario;
};

std::vector<Base> bases() {
    namespace stories = netsim::test;
    return {{"two nodes", test::two_nodes()},
            {"asynchronous", test::two_nodes(Mode::asynchronous)},
            {"three copies", test::based_on(stories::three())},
            {"one that lags", test::based_on(stories::lagging_favourite())},
            {"a log and data", test::based_on(stories::log_and_data())},
            {"witnessed", test::based_on(stories::witnessed())},
            {"tied", test::based_on(stories::tied())},
            {"confirmed", test::based_on(stories::confirmed())},
            {"fenced", test::based_on(stories::fenced())},
            {"a database", test::based_on(stories::with_a_database())},
            {"an image", test::based_on(stories::with_fallback())},
            {"a lender", test::based_on(stories::lender())},
            {"for ever", test::based_on(stories::for_ever())},
            {"hasty", test::hasty()},
            {"distant", test::distant()},
            {"crawling", test::crawling()},
            {"larger disks", test::based_on(stories::roomy())},
            {"a vote", test::based_on(stories::with_a_vote())}};
}

/// Of each cluster. The sanitised build asks for what is found at once.
#ifdef SUNDER_MANY_RUNS
constexpr std::uint64_t most_runs = 500;
#else
constexpr std::uint64_t most_runs = 5;
#endif

/// Of wrong engines these find none that others do not, and they would take runs from those.
constexpr Diet finds_no_mutant = Diet{1} << static_cast<unsigned>(Kind::panic) |
                                 Diet{1} << static_cast<unsigned>(Kind::partial_cut) |
                                 Diet{1} << static_cast<unsigned>(Kind::exchanged_disks) |
                                 Diet{1} << static_cast<unsigned>(Kind::lost_for_good) |
                                 Diet{1} << static_cast<unsigned>(Kind::two_operators) |
                                 Diet{1} << static_cast<unsigned>(Kind::one_is_left) |
                                 Diet{1} << static_cast<unsigned>(Kind::stepped_clock) |
                                 Diet{1} << static_cast<unsigned>(Kind::zeroes) |
                                 Diet{1} << static_cast<unsigned>(Kind::moved_disk) |
                                 Diet{1} << static_cast<unsigned>(Kind::confirmation) |
                                 Diet{1} << static_cast<unsigned>(Kind::failing_resource) |
                                 Diet{1} << static_cast<unsigned>(Kind::changed_hierarchy) |
                                 Diet{1} << static_cast<unsigned>(Kind::made_anew);

HuntSetup const setup{.seed = 1,
                      .number = 0,
                      .most_acts = 12,
                      .kinds = everything & ~outside_budget & ~finds_no_mutant,
                      .most_events = 300'000,
                      .shrink_attempts = 0};

/// What acts draw together is a story each, of which others come less often: so half of the
/// searchers do without.
HuntSetup alone() {
    HuntSetup made = setup;
    made.kinds &= (Diet{1} << static_cast<unsigned>(Kind::damage)) - 1;
    return made;
}

struct Found {
    std::uint64_t runs = 0;
    std::string base;
    std::string property;
};

/// All clusters in turn, so that the first to show it counts.
std::optional<Found> hunt(Mutant mutant, std::vector<Base> const& all,
                          std::uint64_t most = most_runs) {
    std::vector<Hunter> hunters;
    for (Base const& base : all) {
        hunters.emplace_back(base.scenario, alone());
        hunters.emplace_back(base.scenario, setup);
    }
    living_mutant = mutant;
    std::optional<Found> caught;
    for (std::uint64_t run = 1; run <= most && !caught; ++run) {
        for (std::size_t b = 0; b < hunters.size() && !caught; ++b) {
            hunters[b].hunt();
            CaseResults const& results = hunters[b].results();
            if (results.violated > 0) {
                caught = {run, all[b / 2].name, results.findings.front().property};
            }
        }
    }
    living_mutant = Mutant::none;
    return caught;
}

}  // namespace

TEST_CASE("random campaigns find wrong engines that nobody has told them of") {
    std::vector<Base> const all = bases();
    int found = 0;
    fmt::print("{:30} {:>5} {:16} {}\n", "mutant", "runs", "cluster", "checker");
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        auto const mutant = static_cast<Mutant>(m);
        if (auto const why = netsim::test::why_random_runs_miss(mutant); !why.empty()) {
            fmt::print("{:30} not found: {}\n", name_of(mutant), why);
            continue;
        }
        std::optional<Found> const caught = hunt(mutant, all);
        found += caught ? 1 : 0;
        if (caught) {
            fmt::print("{:30} {:>5} {:16} {}\n", name_of(mutant), caught->runs, caught->base,
                       caught->property);
        }
        INFO(name_of(mutant));
        if (most_runs > 5) CHECK(caught);
    }
    CHECK(found >= 20);
}

/// For whoever wants to know, and has the time.
TEST_CASE("how many runs it takes to find the rest", "[.]") {
    std::vector<Base> const all = bases();
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        auto const mutant = static_cast<Mutant>(m);
        if (netsim::test::why_random_runs_miss(mutant).empty()) continue;
        std::optional<Found> const caught = hunt(mutant, all, 1000);
        fmt::print("{:30} {:>5} {:16} {}\n", name_of(mutant), caught ? caught->runs : 0,
                   caught ? caught->base : "", caught ? caught->property : "");
        std::fflush(stdout);
    }
}

namespace {

/// The findings of the first run that broke something, with this engine; none when none did.
std::vector<Finding> first_findings(Mutant mutant, Scenario const& base) {
    living_mutant = mutant;
    Hunter hunter(base, setup);
    for (int run = 0; run < 20 && hunter.results().violated == 0; ++run) hunter.hunt();
    living_mutant = Mutant::none;
    return hunter.results().findings;
}

}  // namespace

TEST_CASE("each property that a run breaks is a finding of its own") {
    Scenario const base = test::two_nodes();
    std::vector<Finding> most;
    for (int m = 1; m < static_cast<int>(Mutant::last) && most.size() < 2; ++m) {
        // Two barriers at once end the process.
        if (static_cast<Mutant>(m) == Mutant::apply_out_of_order) continue;
        std::vector<Finding> found = first_findings(static_cast<Mutant>(m), base);
        if (found.size() > most.size()) most = std::move(found);
    }
    CHECK(most.size() >= 2);
    std::set<std::string> properties;
    for (Finding const& finding : most) {
        CHECK(properties.insert(finding.property).second);
        CHECK(finding.count == 1);
        CHECK_FALSE(finding.story.empty());
        CHECK_FALSE(finding.text.empty());
    }
}

namespace {

void find_nothing(std::uint64_t runs) {
    for (Base const& base : bases()) {
        Hunter hunter(base.scenario, setup);
        for (std::uint64_t run = 0; run < runs; ++run) hunter.hunt();
        INFO(base.name);
        for (Finding const& finding : hunter.results().findings) {
            UNSCOPED_INFO(finding.property << ": " << finding.story << "\n" << finding.text);
        }
        CHECK(hunter.results().violated == 0);
    }
}

}  // namespace

TEST_CASE("the same campaigns find nothing in the engine as it ships") { find_nothing(most_runs); }

/// Of a night.
TEST_CASE("nor do longer ones", "[.]") { find_nothing(2000); }

}  // namespace sunder::campaign
