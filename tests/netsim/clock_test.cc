// SPDX-License-Identifier: BSD-3-Clause
//
// What does a node do whose clock steps, forward or back (FLT-11)?
#include "netsim/world.h"
#include "tests/support/two_nodes.h"

#include <catch2/catch.hpp>

#include <vector>

using namespace sunder;
using namespace sunder::testing;
namespace note = sunder::nodes::note;
namespace seen = sunder::netsim::seen;
using netsim::World;

namespace {

constexpr Duration back(Duration time) { return Duration{} - time; }

World started(TwoNodes const& setup) {
    World world(setup.cluster(), 1);
    world.start_all();
    REQUIRE(run_until(world, seconds(60), mirrors));
    // The target has to hear that it is in sync, too.
    static_cast<void>(
        run_until(world, world.now() + seconds(1), [](World const&) { return false; }));
    return world;
}

/// How long the second node takes to miss the first one, which dies, and to take over, when its
/// clock steps meanwhile.
Duration takeover(std::vector<Duration> const& steps) {
    World world = started({});
    world.crash(first_node);
    Duration const died = world.now();
    for (Duration const step : steps) world.step_clock(second_node, step);
    REQUIRE(run_until(world, hours(1),
                      [](World const& w) { return w.serves(second_node, the_mirror); }));
    return world.now() - died;
}

struct Told {
    int lost = 0;
    int found = 0;
};

/// How often each node is told of the other's silence, and of the end of it, in the next minute.
std::vector<Told> told(World& world) {
    std::vector<Told> all(2);
    std::vector<netsim::Observation> some;
    Duration const until = world.now() + minutes(1);
    for (;;) {
        world.take_observations(some);
        for (netsim::Observation const& one : some) {
            auto const* noted = std::get_if<seen::NodeNoted>(&one);
            if (noted == nullptr) continue;
            all[noted->node.value].lost += std::holds_alternative<note::PeerLost>(noted->note);
            all[noted->node.value].found += std::holds_alternative<note::PeerSeen>(noted->note);
        }
        if (!world.next_time() || *world.next_time() > until) return all;
        world.advance();
    }
}

}  // namespace

TEST_CASE("Whoever waits for a silence waits by a clock that steps") {
    Duration const usual = takeover({});
    CHECK(usual > seconds(9));
    CHECK(takeover({seconds(20)}) < seconds(1));
    Duration const late = takeover({back(minutes(1))});
    CHECK(late > usual + seconds(59));
    CHECK(late < usual + seconds(61));
    Duration const right_again = takeover({back(minutes(1)), minutes(1)});
    CHECK(right_again > usual - seconds(1));
    CHECK(right_again < usual + seconds(1));
}

TEST_CASE("A clock that steps further than beats are awaited misses who lives until it beats") {
    World world = started({.guarded = true});
    static_cast<void>(told(world));
    world.step_clock(second_node, seconds(1));
    world.step_clock(second_node, back(hours(1)));
    for (Told const& one : told(world)) CHECK((one.lost == 0 && one.found == 0));
    world.step_clock(second_node, seconds(20));
    std::vector<Told> const after = told(world);
    CHECK(after[first_node.value].lost == 0);
    CHECK(after[second_node.value].lost == 1);
    CHECK(after[second_node.value].found == 1);
}

TEST_CASE("A node that stands still finds its clock stepped, and one that is down does not") {
    World world = started({.guarded = true});
    static_cast<void>(told(world));
    world.pause(second_node);
    world.step_clock(second_node, seconds(20));
    world.resume(second_node);
    CHECK(told(world)[second_node.value].lost == 1);
    world.crash(second_node);
    world.step_clock(second_node, hours(1));
    static_cast<void>(told(world));
    world.restart(second_node);
    REQUIRE(run_until(world, world.now() + seconds(60), mirrors));
    CHECK(told(world)[second_node.value].lost == 0);
}
