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
#include "tests/netsim/checkers/takeover_stories.h"
#include "tests/netsim/checkers/target_stories.h"
#include "tests/netsim/checkers/volume_stories.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <optional>
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
            {"a lender", test::based_on(stories::lender())}};
}

#ifdef SUNDER_MANY_RUNS
constexpr std::uint64_t most_runs = 1000;
#else
constexpr std::uint64_t most_runs = 1000;
#endif

HuntSetup const setup{
    .seed = 1, .number = 0, .most_acts = 12, .most_events = 300'000, .shrink_attempts = 0};

struct Found {
    std::uint64_t runs = 0;
    std::string base;
    std::string property;
};

/// All clusters in turn, so that the first to show it counts.
std::optional<Found> hunt(Mutant mutant, std::vector<Base> const& all) {
    std::vector<Hunter> hunters;
    for (Base const& base : all) hunters.emplace_back(base.scenario, setup);
    living_mutant = mutant;
    std::optional<Found> caught;
    for (std::uint64_t run = 1; run <= most_runs && !caught; ++run) {
        for (std::size_t b = 0; b < all.size() && !caught; ++b) {
            hunters[b].hunt();
            CaseResults const& results = hunters[b].results();
            if (results.violated > 0) {
                caught = {run, all[b].name, results.findings.front().property};
            }
        }
    }
    living_mutant = Mutant::none;
    return caught;
}

}  // namespace

TEST_CASE("random campaigns find wrong engines, and nothing in the right one") {
    std::vector<Base> const all = bases();
    std::size_t found = 0;
    fmt::print("{:30} {:>5} {:16} {}\n", "mutant", "runs", "cluster", "checker");
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        auto const mutant = static_cast<Mutant>(m);
        std::optional<Found> const caught = hunt(mutant, all);
        found += caught ? 1 : 0;
        if (caught) {
            fmt::print("{:30} {:>5} {:16} {}\n", name_of(mutant), caught->runs, caught->base,
                       caught->property);
        } else {
            fmt::print("{:30} {:>5} not found\n", name_of(mutant), most_runs);
        }
    }
    CHECK(found >= 1);
}

}  // namespace sunder::campaign
