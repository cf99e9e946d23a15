// SPDX-License-Identifier: BSD-3-Clause
//
// The test of the checkers that watch arrays: each mutant of the array (emulator/mutant.h) lives
// through the shipped scenarios of arrays, and the checker that is there for it has to catch it;
// the array as it ships has to come through unharmed, under the same seeds.
#include "emulator/mutant.h"
#include "netsim/checkers/all.h"
#include "scenarios/language/load.h"
#include "scenarios/language/play.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sunder::netsim::test {
namespace {

using emulator::Mutant;

struct Expected {
    Mutant mutant;
    std::string_view catcher;
    bool until_found = false;  ///< soon afterwards the array itself sees that something is wrong
};

constexpr std::array expected{
    Expected{Mutant::snapshot_overwritten, "point_in_time"},
    Expected{Mutant::shared_slot_freed, "no_chunk_owned_twice_or_leaked", true},
    Expected{Mutant::slot_reused_early, "flushed_writes_survive"},
    Expected{Mutant::unsettled_overwritten, "flushed_writes_survive"},
    Expected{Mutant::copy_forgotten, "point_in_time"},
    Expected{Mutant::push_forgotten, "point_in_time"},
    Expected{Mutant::change_unmarked, "point_in_time"},
    Expected{Mutant::mirror_intent_unmarked, "point_in_time"},
    Expected{Mutant::growth_uncounted, "capacity_adds_up"},
    Expected{Mutant::independent_too_early, "independent_after_normalising"},
};
// `none` is none, and only a real store empties slots (tests/emulator/media/mutants_test.cc).
static_assert(expected.size() + 2 == static_cast<std::size_t>(Mutant::last));

constexpr std::uint64_t seeds = 8;

std::vector<language::Scenario> const& shipped() {
    static std::vector<language::Scenario> const all = [] {
        std::vector<std::string> paths;
        for (auto const& entry : std::filesystem::directory_iterator(SUNDER_EVA)) {
            if (entry.path().extension() == ".yaml") paths.push_back(entry.path().string());
        }
        std::ranges::sort(paths);
        std::vector<language::Scenario> made;
        for (std::string const& path : paths) {
            auto loaded = language::load(path);
            INFO(path);
            REQUIRE(loaded.has_value());
            std::ranges::move(*loaded, std::back_inserter(made));
        }
        return made;
    }();
    return all;
}

/// Runs in which each checker found something, and what was said first.
struct Caught {
    std::map<std::string, int> by{};
    std::map<std::string, std::string> story{};
};

Caught hunt(Mutant which, bool until_found = false) {
    Caught caught;
    for (language::Scenario const& scenario : shipped()) {
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            emulator::living_mutant = which;
            language::PlayOptions options;
            options.seed = seed;
            options.until_violated = until_found;
            language::Outcome const outcome = language::play(scenario, options);
            emulator::living_mutant = Mutant::none;
            std::set<std::string> broken;
            for (auto const* const found : {&outcome.violations, &outcome.undemanded}) {
                for (Violation const& violation : *found) {
                    broken.insert(violation.property);
                    caught.story.try_emplace(violation.property,
                                             scenario.title + ": " + violation.story);
                }
            }
            for (std::string const& property : broken) ++caught.by[property];
        }
    }
    return caught;
}

}  // namespace

TEST_CASE("each mutant of the array is caught by the checker that is there for it") {
    std::set<std::string> alone;
    for (auto const& [mutant, catcher, until_found] : expected) {
        Caught const caught = hunt(mutant, until_found);
        std::string line = fmt::format("{:23}", emulator::name_of(mutant));
        for (auto const& [property, runs] : caught.by) {
            line += fmt::format(" {} {}", property, runs);
        }
        fmt::print("{}\n", line);
        INFO(line);
        auto const story = caught.story.find(std::string(catcher));
        CHECK(story != caught.story.end());
        if (story != caught.story.end()) fmt::print("    {}\n", story->second);
        if (caught.by.size() == 1) alone.insert(caught.by.begin()->first);
    }
    for (CheckerText const& checker : Checkers::texts()) {
        if (!checker.of_arrays) continue;
        INFO(checker.name << " is the only one to catch some mutant");
        CHECK(alone.contains(std::string(checker.name)));
    }
}

TEST_CASE("no checker finds anything in the array that ships") {
    Caught const caught = hunt(Mutant::none);
    for (auto const& [property, story] : caught.story) UNSCOPED_INFO(property << ": " << story);
    CHECK(caught.by.empty());
}

}  // namespace sunder::netsim::test
