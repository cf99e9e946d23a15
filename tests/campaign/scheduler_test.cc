// SPDX-License-Identifier: BSD-3-Clause
//
// That runs by priorities stay inside their bound, repeat themselves, and reach more of the states
// that an exhaustive search knows the more there are, up to all; and that what is said of their
// chances is arithmetic that can be done by hand.
#include "scenarios/campaign/scheduler.h"

#include "tests/model/setup.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

namespace sunder::campaign {
namespace {

using language::Scenario;

struct Bound {
    char const* words;
    netsim::Amounts most;
    unsigned deviations = netsim::any_number;
    model::Setup setup = {};
    std::uint8_t blocks = 1;
    bool all_reached = true;  ///< in the end
};

constexpr Bound bounds[] = {
    {"1 write", {.writes = 1}},
    {"1 flush", {.flushes = 1}},
    {"1 reset", {.resets = 1}},
    {"1 pause", {.pauses = 1}},
    {"1 crash", {.crashes = 1}},
    {"1 cut", {.cuts = 1}},
    {"1 write, 1 crash, in turn", {.writes = 1, .crashes = 1}, 0},
    {"1 write, 1 crash, 2 deviations", {.writes = 1, .crashes = 1}, 2, {}, 1, false},
    {"1 write, 1 power cut, 1 cut, in turn",
     {.writes = 1, .power_cuts = 1, .cuts = 1},
     0,
     {},
     1,
     false},
    {"three copies: 1 crash, 1 cut, in turn",
     {.crashes = 1, .cuts = 1},
     0,
     {.copies = 3},
     1,
     false},
};

Scenario scenario(Bound const& bound) {
    netsim::Bounds made = model::bounds(bound.most);
    made.deviations = bound.deviations;
    made.blocks = bound.blocks;
    return model::scenario(bound.setup, made);
}

std::function<bool(netsim::Reached const&)> up_to(std::uint64_t states) {
    return [states](netsim::Reached const& reached) { return reached.states < states; };
}

CaseResults scheduled(Scenario const& base, SchedulerSetup const& setup, int runs) {
    std::optional<netsim::World> const world = language::bounded_world(base);
    REQUIRE(world);
    Scheduler scheduler(base, *world, setup);
    for (int run = 0; run < runs; ++run) scheduler.hunt();
    return scheduler.results();
}

}  // namespace

TEST_CASE("runs by priorities reach more and more of what a search knows, and nothing else") {
    fmt::print("{:40} {:>6} {:>6} {:>6} of  known states, after 10, 100 and 3000 runs\n", "", "",
               "", "");
    for (Bound const& bound : bounds) {
        INFO(bound.words);
        Scenario const base = scenario(bound);
        std::optional<std::vector<Feature>> const known = known_states(base, up_to(100'000));
        REQUIRE(known);
        std::vector<std::uint64_t> reached;
        for (int const runs : {10, 100, 3000}) {
            CaseResults results = scheduled(base, {}, runs);
            results.known = *known;
            CHECK(results.violated == 0);
            reached.push_back(reached_of_known(results));
            CHECK(reached.back() == results.features.size());
        }
        fmt::print("{:40} {:>6} {:>6} {:>6} of {:>6}\n", bound.words, reached[0], reached[1],
                   reached[2], known->size());
        CHECK(reached[0] > 0);
        CHECK(std::ranges::is_sorted(reached));
        CHECK((reached[2] == known->size()) == bound.all_reached);
        if (known->size() > 20) CHECK(reached[0] < reached[2]);
    }
}

TEST_CASE("what nobody can search to its end is not known") {
    CHECK_FALSE(known_states(scenario({"", {.writes = 2, .crashes = 2}}), up_to(20'000)));
}

TEST_CASE("a scheduler repeats itself, and two of one campaign do not") {
    Scenario const base = scenario({"", {.writes = 1, .crashes = 1}});
    CaseResults const once = scheduled(base, {.seed = 5}, 100);
    CHECK(once == scheduled(base, {.seed = 5}, 100));
    CaseResults other = scheduled(base, {.seed = 5, .number = 1}, 100);
    CHECK(once.features != other.features);
    CHECK(once.schedules->runs == std::vector<std::uint64_t>{34, 33, 33});
    CHECK(once.schedules->events == other.schedules->events);
    merge(other, once);
    CHECK(other.runs == 200);
    CHECK(other.schedules->runs == std::vector<std::uint64_t>{68, 66, 66});
}

TEST_CASE("the chance that is told can be computed by hand") {
    // Of each node: its disk, its store, both once more for who overtakes, timers, hosts, repairs;
    // the link's repair; of two connections both directions and the timers; faults.
    Scenario const base = scenario({"", {.writes = 1, .crashes = 1}, netsim::any_number, {}, 2});
    CaseResults const results = scheduled(base, {}, 1);
    CHECK(results.schedules->streams == 2 * 7 + 1 + 2 * 3 + 1);
    // One of two blocks is written; nothing crashes or one of two servers.
    CHECK(results.schedules->scripts == 2 * 4);
    CHECK(netsim::least_chance(8, 22, 50, 1) == Approx(1.0 / 176));
    CHECK(netsim::least_chance(8, 22, 50, 3) == Approx(1.0 / 440'000));
    CHECK(netsim::least_chance_of_any(0.5, 3) == Approx(0.875));
    CHECK(netsim::least_chance_of_any(1e-18, 1000) == Approx(1e-15));
}

TEST_CASE("every stream is the last about as often, and every event may be one of a change") {
    Scenario const base = scenario({"", {.writes = 2, .crashes = 1, .cuts = 1}});
    std::optional<netsim::World> const world = language::bounded_world(base);
    REQUIRE(world);
    netsim::Scheduling const scheduling(world->cluster(), *base.bounded);
    std::size_t const streams = scheduling.streams().count();
    std::vector<int> last(streams);
    std::vector<int> changes(20);
    std::vector<int> faults(3);
    RandomStream dice(1, 1, 1);
    for (std::size_t draw = 0; draw < 100 * streams; ++draw) {
        netsim::Schedule const schedule = scheduling.draw(2, 20, dice);
        std::set<std::uint8_t> const all(schedule.order.begin(), schedule.order.end());
        REQUIRE(all.size() == streams);
        ++last[schedule.order.back()];
        REQUIRE(schedule.changes.size() == 1);
        ++changes.at(schedule.changes.front() - 1);
        REQUIRE(schedule.faults.size() <= 2);
        ++faults[schedule.faults.size()];
        CHECK(std::ranges::count(schedule.faults, netsim::Action::Kind::crash,
                                 &netsim::Action::kind) <= 1);
        CHECK(schedule.requests.size() >= 1);
        CHECK(schedule.requests.size() <= 2);
    }
    CHECK(std::ranges::min(last) > 65);
    CHECK(std::ranges::max(last) < 135);
    CHECK(std::ranges::min(changes) > 70);
    CHECK(std::ranges::min(faults) > 650);
}

}  // namespace sunder::campaign
