// SPDX-License-Identifier: BSD-3-Clause
//
// Published bugs: each scenario of scenarios/published holds under every seed with the engine as it
// ships, and with the bug alive in it the checker that is there for it finds it. Prints the table.
// Built with SUNDER_MUTANTS.
#include "tests/published/bugs.h"
#include "scenarios/language/load.h"
#include "scenarios/language/play.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sunder::published {
namespace {

constexpr std::uint64_t seeds = 20;

std::filesystem::path folder() { return SUNDER_PUBLISHED; }

language::Scenario scenario_of(char const* file) {
    language::Loaded const cases =
        language::load((folder() / (std::string(file) + ".yaml")).string());
    INFO(file);
    REQUIRE(cases.has_value());
    REQUIRE(cases->size() == 1);
    return cases->front();
}

language::Outcome play(language::Scenario const& scenario, Mutant living, std::uint64_t seed) {
    language::PlayOptions options;
    options.seed = seed;
    living_mutant = living;
    language::Outcome outcome = language::play(scenario, options);
    living_mutant = Mutant::none;
    return outcome;
}

struct Caught {
    std::map<std::string, std::uint64_t> by;  ///< checker to number of seeds
    std::vector<std::uint64_t> seeds;         ///< under which the expected one did
    /// Seeds until the expected checker catches it, half of the time; beginning with any seed.
    [[nodiscard]] std::uint64_t median() const {
        std::vector<std::uint64_t> needed;
        for (std::uint64_t start = 1; start <= published::seeds / 2; ++start) {
            auto const next = std::ranges::lower_bound(seeds, start);
            needed.push_back(next == seeds.end() ? published::seeds : *next - start + 1);
        }
        std::ranges::sort(needed);
        return needed[needed.size() / 2];
    }
};

Caught hunt(Bug const& bug) {
    Caught caught;
    language::Scenario const scenario = scenario_of(bug.file);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        std::set<std::string> broken;
        for (auto const& violation : play(scenario, bug.mutant, seed).violations) {
            broken.insert(violation.property);
        }
        for (std::string const& property : broken) ++caught.by[property];
        if (broken.contains(bug.catcher)) caught.seeds.push_back(seed);
    }
    return caught;
}

std::string text_of(char const* file) {
    std::ifstream in(folder() / (std::string(file) + ".yaml"));
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("each published scenario names its mutants, and who finds them") {
    for (Bug const& bug : bugs()) {
        INFO(bug.file);
        CHECK(text_of(bug.file).find(
                  fmt::format("# The mutant {} (base/mutant.h) is an engine that has this bug; {} "
                              "finds it.\n",
                              name_of(bug.mutant), bug.catcher)) != std::string::npos);
    }
}

TEST_CASE("each published bug is caught in its scenario when it lives") {
    std::string table = fmt::format("{:22} {:20} {:46} {:24} {:8} {}\n", "bug", "source",
                                    "scenario", "mutant", "median", "checkers (seeds of 20)");
    for (Bug const& bug : bugs()) {
        Caught const caught = hunt(bug);
        std::string by;
        for (auto const& [checker, runs] : caught.by) {
            by += fmt::format("{}{} ({})", by.empty() ? "" : ", ", checker, runs);
        }
        table += fmt::format("{:22} {:20} {:46} {:24} {:<8} {}\n", bug.id, bug.source, bug.file,
                             name_of(bug.mutant), caught.median(), by);
        INFO(bug.id << " as " << name_of(bug.mutant) << " in " << bug.file << ": " << by);
        CHECK(!caught.seeds.empty());
        CHECK(caught.median() < seeds);
    }
    std::fputs(table.c_str(), stdout);
}

TEST_CASE("each published scenario has a bug, and holds without it under every seed") {
    for (auto const& entry : std::filesystem::directory_iterator(folder())) {
        if (entry.path().extension() != ".yaml") continue;
        std::string const file = entry.path().stem().string();
        INFO(file);
        CHECK(std::ranges::any_of(bugs(), [&](Bug const& bug) { return bug.file == file; }));
        language::Scenario const scenario = scenario_of(file.c_str());
        CHECK_FALSE(scenario.about.empty());
        CHECK_FALSE(scenario.source.empty());
        CHECK_FALSE(scenario.expect.sometimes.empty());
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            language::Outcome const outcome = play(scenario, Mutant::none, seed);
            INFO("seed " << seed);
            for (auto const& violation : outcome.violations) UNSCOPED_INFO(violation.story);
            for (std::string const& mark : outcome.never) UNSCOPED_INFO("never " + mark);
            if (outcome.failure) UNSCOPED_INFO(outcome.failure->what);
            CHECK(outcome.result == language::Result::held);
        }
    }
}

}  // namespace sunder::published
