// SPDX-License-Identifier: BSD-3-Clause
//
// The checkers' own test: each small wrong change of the engine (base/mutant.h) is hunted by a
// short story over many seeds, and the checker that is there for it has to catch it; the engine as
// it ships has to come through the same stories unharmed. Built with SUNDER_MUTANTS, apart from all
// other tests.
#include "netsim/checkers/same_run_twice.h"
#include "tests/netsim/checkers/hunts.h"
#include "tests/netsim/checkers/missed.h"
#include "tests/netsim/checkers/properties.h"
#include "tests/netsim/checkers/traps.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

namespace sunder::netsim::test {
namespace {

/// What happened before a story begins, and everybody outside knows of.
enum class Before {
    nothing,
    rot,       ///< the last block of the first copy is not what it was
    rejoined,  ///< server 2 died, and its copy was brought up to date since
    put_back,  ///< the same, and its metadata was put back while it was down
};

void rejoin(Stage& stage, bool with_old_metadata) {
    constexpr NodeId node = Stage::server2;
    World& world = stage.world();
    if (!stage.run_until([&] { return stage.mirroring(); }) || stage.serves(node)) return;
    NodeSnapshot const snapshot = world.take_snapshot(node);
    stage.crash(node);
    stage.run_for(seconds(5));
    if (with_old_metadata) world.roll_back(node, snapshot, seen::RolledBack::What::metadata);
    stage.restart(node);
    stage.run_until([&] { return stage.mirroring(); });
}

/// Those of one run, and who compares two runs of one seed.
std::vector<CheckerText> judges() {
    std::vector<CheckerText> all(Checkers::texts().begin(), Checkers::texts().end());
    all.push_back(SameRunTwice::text);
    return all;
}

constexpr std::uint64_t seeds_per_start = 50;
constexpr std::array<std::uint64_t, 5> starts{1, 1001, 2001, 3001, 4001};

/// Whether the seed is played twice: the first of each start is, so that all hunts are compared.
bool is_played_twice(Hunt const& hunt, std::uint64_t seed) {
    return hunt.catcher == SameRunTwice::text.name || std::ranges::count(starts, seed) != 0;
}

struct Played {
    SameRunTwice::Run run;
    std::string story;
};

Played play(Hunt const& hunt, Mutant living, std::uint64_t seed, Before before) {
    living_mutant = living;
    Stage stage(hunt.cluster(), seed);
    if (before == Before::rot) {
        MirrorSetup const& mirror = stage.world().cluster().mirrors[0];
        stage.world().rot(mirror.on[0], Stage::group, {mirror.sectors - 8, 8});
        stage.look();
    } else if (before != Before::nothing) {
        rejoin(stage, before == Before::put_back);
    }
    hunt.play(stage);
    living_mutant = Mutant::none;
    return {SameRunTwice::of(stage.world(), stage.findings()), stage.story()};
}

/// The properties that were broken in one run, or, where the seed is played twice, in two.
std::set<std::string> run(Hunt const& hunt, Mutant living, std::uint64_t seed, std::string* story,
                          Before before = Before::nothing) {
    Played first = play(hunt, living, seed, before);
    std::set<std::string> broken;
    for (Violation const& violation : first.run.violations) broken.insert(violation.property);
    if (is_played_twice(hunt, seed)) {
        std::string const difference =
            SameRunTwice::difference(first.run, play(hunt, living, seed, before).run);
        if (!difference.empty()) broken.emplace(SameRunTwice::text.name);
        first.story += difference;
    }
    if (story != nullptr) *story = std::move(first.story);
    return broken;
}

struct Caught {
    std::map<std::string, int> by;  ///< checker to number of runs
    std::uint64_t median = 0;       ///< seeds until the expected one caught it
    std::string story;
};

Caught hunt_down(Hunt const& hunt) {
    Caught caught;
    std::vector<std::uint64_t> needed;
    for (std::uint64_t const start : starts) {
        std::uint64_t until = seeds_per_start + 1;
        for (std::uint64_t i = 0; i < seeds_per_start; ++i) {
            std::string story;
            std::set<std::string> const broken = run(hunt, hunt.mutant, start + i, &story);
            for (std::string const& property : broken) ++caught.by[property];
            if (!broken.contains(hunt.catcher)) continue;
            if (caught.story.empty()) caught.story = story;
            until = std::min(until, i + 1);
        }
        needed.push_back(until);
    }
    std::ranges::sort(needed);
    caught.median = needed[needed.size() / 2];
    return caught;
}

/// Runs in which each checker caught a mutant that falls into the trap.
using Matrix = std::array<std::map<std::string, int>, last_trap + 1>;

/// A cell is that number, or "-" where nobody was caught, or "n/a" with the reason below: of a trap
/// that nothing can fall into, or of a checker of arrays, which have none of these traps.
std::string to_text(Matrix const& matrix) {
    std::string text = "\ntrap x checker: runs caught\n      ";
    std::string below;
    std::vector<CheckerText> const columns = judges();
    for (std::size_t c = 0; c < columns.size(); ++c) {
        text += fmt::format("{:>5}", c + 1);
        below += fmt::format("{:>5}  {}\n", c + 1, columns[c].name);
    }
    text += "\n";
    for (Trap trap = 1; trap <= last_trap; ++trap) {
        std::string const name = fmt::format("G{}", trap);
        text += fmt::format("{:6}", name);
        bool const impossible = !why_impossible(trap).empty();
        if (impossible) below += fmt::format("{:>5}  n/a: {}\n", name, why_impossible(trap));
        for (CheckerText const& checker : columns) {
            auto const runs = matrix[trap].find(std::string(checker.name));
            bool const caught = runs != matrix[trap].end();
            text += fmt::format("{:>5}", impossible || checker.of_arrays ? "n/a"
                                         : caught ? std::to_string(runs->second)
                                                  : "-");
        }
        text += "\n";
    }
    for (CheckerText const& checker : columns) {
        if (checker.of_arrays) {
            below += fmt::format("  n/a: {} is about disk arrays\n", checker.name);
        }
    }
    return text + below + "    -: what fell into the trap broke other properties than this one\n";
}

/// Each trap that something can fall into has caught something.
void check(Matrix const& matrix) {
    for (Trap trap = 1; trap <= last_trap; ++trap) {
        INFO("G" << int{trap});
        CHECK(matrix[trap].empty() == !why_impossible(trap).empty());
    }
}

TEST_CASE("each mutant is caught by the checker that is there for it") {
    std::map<std::string, std::vector<Mutant>> alone;
    Matrix matrix;
    std::string table =
        fmt::format("{:30} {:34} {:28} {}\n", "mutant", "checker (runs that it caught)", "hunt",
                    "median seeds until caught");
    for (Hunt const& hunt : all_hunts()) {
        Caught const caught = hunt_down(hunt);
        std::string by;
        std::string const row(name_of(hunt.mutant));
        for (auto const& [checker, runs] : caught.by) {
            for (Trap const trap : traps_of(hunt.mutant)) matrix[trap][checker] += runs;
            by += fmt::format(" {} ({})", checker, runs);
            std::string const hit = fmt::format("{} ({})", checker, runs);
            bool const leads = checker == caught.by.begin()->first;
            std::string const rest =
                leads ? fmt::format(" {:28} {}", hunt.story, caught.median) : "";
            table += fmt::format("{:30} {:34}{}\n", leads ? row : "", hit, rest);
        }
        INFO(name_of(hunt.mutant) << " in \"" << hunt.story << "\":" << by << "\n" << caught.story);
        CHECK(caught.by.contains(hunt.catcher));
        CHECK(caught.median <= seeds_per_start);
        if (hunt.alone) CHECK(caught.by.size() == 1);
        if (caught.by.size() == 1) alone[caught.by.begin()->first].push_back(hunt.mutant);
    }
    std::fputs((table + to_text(matrix)).c_str(), stdout);
    check(matrix);
    for (CheckerText const& checker : judges()) {
        if (checker.of_arrays) continue;  // array_mutants_test.cc
        INFO(checker.name << " is the only one to catch some mutant");
        CHECK(alone.contains(std::string(checker.name)));
    }
}

/// The mutants that are not caught with this before them. Requires that the engine as it ships
/// comes through the same.
std::set<std::string> hidden_by(Before before) {
    std::set<std::string> hidden;
    for (Hunt const& hunt : all_hunts()) {
        bool caught = false;
        for (std::uint64_t seed = 1; seed <= seeds_per_start; ++seed) {
            caught = caught || run(hunt, hunt.mutant, seed, nullptr, before).contains(hunt.catcher);
            std::string story;
            std::set<std::string> const broken = run(hunt, Mutant::none, seed, &story, before);
            INFO(hunt.story << ", seed " << seed << "\n" << story);
            REQUIRE(broken.empty());
        }
        if (!caught) hidden.emplace(name_of(hunt.mutant));
    }
    return hidden;
}

TEST_CASE("a rotten block hides no mutant, and is none") {
    CHECK(hidden_by(Before::rot) == std::set<std::string>{});
}

TEST_CASE("a memory that was put back hides no mutant once its copy is up to date") {
    // Some stories need a mirror that was just made.
    CHECK(hidden_by(Before::put_back) == hidden_by(Before::rejoined));
}

namespace {

/// A disk lies about a block of the first copy, and then a target that takes a trim for no data
/// stays behind: what it holds is what the lie once left on the other copy.
std::set<std::string> trimmed_beside(DiskLie lie, Mutant living) {
    constexpr NodeId source = Stage::server1;
    living_mutant = living;
    Stage stage(small_cluster(), 1);
    stage.until_mirroring();
    stage.write(source, block(3));
    stage.run_for(seconds(1));
    DiskTrap trap;
    trap.lie = lie;
    trap.range = block(3);
    trap.count = 1;
    stage.world().lay_trap(source, Stage::group, trap);
    for (int i = 0; i < 2; ++i) {
        stage.ask(source, replication::HostOp::trim, block(3));
        stage.run_for(seconds(1));
        stage.ask(source, replication::HostOp::read, block(3));
        stage.run_for(seconds(1));
    }
    stage.end_well();
    living_mutant = Mutant::none;
    std::set<std::string> broken;
    for (Violation const& violation : stage.findings().violations())
        broken.insert(violation.property);
    return broken;
}

}  // namespace

TEST_CASE("an injury that ended, or never got there, excuses no mutant") {
    for (DiskLie const lie : {DiskLie::lost_write, DiskLie::stale_read}) {
        INFO(name_of(lie));
        std::set<std::string> const broken = trimmed_beside(lie, Mutant::trim_not_applied);
        CHECK(broken.contains("zeroes_on_every_copy"));  // it never got there
        CHECK(broken.contains("mirror_equality"));       // and ended on the other copy
        CHECK(trimmed_beside(lie, Mutant::none).empty());
    }
}

TEST_CASE(
    "a forgotten request is found while the run goes on, whether others are answered or not") {
    for (bool const others : {true, false}) {
        living_mutant = Mutant::dead_leg_awaited;
        Stage stage(small_cluster(), 8);
        REQUIRE(stage.until_mirroring());
        RequestId const forgotten = stage.write(Stage::server1, block(2));
        stage.run_for(microseconds(100));
        stage.reset();
        for (std::uint64_t second = 0; second < 120; ++second) {
            if (second == 30) CHECK_FALSE(stage.broken());
            if (others) stage.write(Stage::server1, block(3 + second));
            stage.run_for(seconds(1));
        }
        living_mutant = Mutant::none;
        CHECK_FALSE(stage.acknowledged(forgotten));
        CHECK(stage.broken("every_request_ends"));
        CHECK_THAT(stage.story(), Catch::Contains("has passed it over since"));
    }
}

TEST_CASE("every mutant is hunted") {
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        auto const which = static_cast<Mutant>(m);
        INFO(name_of(which));
        CHECK(std::ranges::any_of(all_hunts(),
                                  [&](Hunt const& hunt) { return hunt.mutant == which; }));
    }
}

/// A mutant that random runs find, or a search does; nothing when all need to be told a story.
std::optional<Mutant> found_by_itself(Trap trap, std::string_view (*why_missed)(Mutant)) {
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        auto const mutant = static_cast<Mutant>(m);
        bool const falls = std::ranges::count(traps_of(mutant), trap) != 0;
        if (falls && why_missed(mutant).empty()) return mutant;
    }
    return std::nullopt;
}

/// A mutant that falls into the trap and shows in any run that is played twice.
std::optional<Mutant> found_by_repetition(Trap trap) {
    for (Hunt const& hunt : all_hunts()) {
        bool const falls = std::ranges::count(traps_of(hunt.mutant), trap) != 0;
        if (falls && hunt.catcher == SameRunTwice::text.name) return hunt.mutant;
    }
    return std::nullopt;
}

TEST_CASE("what falls into a trap is found by random runs, by a search, or by repetition") {
    fmt::print("\n{:5} {:30} {:30} {}\n", "trap", "found by random runs", "found by a search",
               "found by repetition");
    for (Trap trap = 1; trap <= last_trap; ++trap) {
        if (!why_impossible(trap).empty()) continue;
        std::optional<Mutant> const random = found_by_itself(trap, why_random_runs_miss);
        std::optional<Mutant> const searched = found_by_itself(trap, why_searches_miss);
        std::optional<Mutant> const repeated = found_by_repetition(trap);
        fmt::print("G{:<4} {:30} {:30} {}\n", trap, random ? name_of(*random) : "-",
                   searched ? name_of(*searched) : "-", repeated ? name_of(*repeated) : "-");
        INFO("G" << int{trap});
        CHECK((random || searched || repeated));
    }
}

TEST_CASE("each property has a checker, or it is said why it has none") {
    std::set<std::string> named;
    std::string table = "\nproperty and its checkers\n";
    for (Property const& property : properties()) {
        std::string by;
        for (CheckerText const& checker : judges()) {
            if (!is_judged_by(property, checker)) continue;
            by += fmt::format("{}{}", by.empty() ? "" : ", ", checker.name);
            named.emplace(checker.name);
        }
        INFO(property.id);
        CHECK(by.empty() == !property.why_unjudged.empty());
        table += by.empty() ? fmt::format("{:7} none: {}\n", property.id, property.why_unjudged)
                            : fmt::format("{:7} {}\n", property.id, by);
    }
    std::fputs(table.c_str(), stdout);
    CHECK(properties().size() == 23 + 8);
    for (CheckerText const& checker : judges()) {
        if (checker.of_arrays) continue;  // for what arrays are
        INFO(checker.name << " is there for a property, or for a rule of the product");
        CHECK(named.contains(std::string(checker.name)) != checker.rule.starts_with('R'));
    }
}

TEST_CASE("the engine as it ships comes through all hunts unharmed") {
    for (Hunt const& hunt : all_hunts()) {
        for (std::uint64_t const start : starts) {
            for (std::uint64_t i = 0; i < seeds_per_start; ++i) {
                std::string story;
                std::set<std::string> const broken = run(hunt, Mutant::none, start + i, &story);
                INFO(hunt.story << ", seed " << start + i << "\n" << story);
                REQUIRE(broken.empty());
            }
        }
    }
}

}  // namespace
}  // namespace sunder::netsim::test
