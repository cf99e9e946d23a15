// SPDX-License-Identifier: BSD-3-Clause
//
// Split brain lasts until an operator ends it, whatever restarts meanwhile (R31..R34, SAF-6,
// LIV-7).
#include "nodes/resolution.h"
#include "tests/support/played.h"
#include "tests/support/two_nodes.h"

#include <set>

using namespace sunder;
using namespace sunder::testing;
using language::Result;

namespace {

/// Both were written in service, and have met again.
std::string const parted =
    "  - wait: {mirror: datarep, is: fully operational}\n"
    "  - write: {mirror: datarep, at: 0 KiB, length: 64 KiB}\n"
    "  - cut: [server1, server2]\n"
    "  - write: {mirror: datarep, at: 64 KiB, length: 8 KiB, on: server1}\n"
    "  - pass: 30 s\n"
    "  - write: {mirror: datarep, at: 128 KiB, length: 8 KiB, on: server2}\n"
    "  - heal: [server1, server2]\n"
    "  - wait: {mirror: datarep, is: split brain}\n"
    "  - pass: 5 s\n";

std::string const whole = "  - wait: {mirror: datarep, is: fully operational, within: 2 min}\n";

std::string resolve(std::string const& loser, std::string const& refused = "") {
    return "  - resolve_split_brain: {mirror: datarep, loser: " + loser +
           (refused.empty() ? "" : ", refused: " + refused) + "}\n";
}

language::Outcome played(std::string const& steps, std::string const& cluster = "") {
    return play_well(scenario_of(steps, "", cluster));
}

}  // namespace

TEST_CASE(
    "Split brain outlives restarts: nothing is copied, and nobody comes in by itself (SAF-6)") {
    // Both restart: neither comes in service. One restarts: the other goes on serving alone.
    for (char const* restarts :
         {"  - crash: server1\n  - crash: server2\n  - restart: server1\n  - restart: server2\n"
          "  - hold: {for: 5 min, resource: datarep, in_service: none, because: split_brain}\n",
          "  - power_cut: server2\n  - power_cut: server1\n  - restart: server2\n  - pass: 1 min\n"
          "  - restart: server1\n"
          "  - hold: {for: 5 min, resource: datarep, in_service: none, because: split_brain}\n",
          "  - crash: server1\n  - pass: 1 min\n  - restart: server1\n  - pass: 10 s\n"
          "  - hold: {for: 5 min, resource: datarep, in_service: server2, because: split_brain}\n",
          "  - crash: server2\n  - restart: server2\n  - pass: 10 s\n"
          "  - hold: {for: 5 min, resource: datarep, in_service: server1, because: split_brain}\n",
          // The one that serves dies while the other stands by: it must not take over.
          "  - crash: server2\n  - restart: server2\n  - pass: 10 s\n  - crash: server1\n"
          "  - hold: {for: 5 min, resource: datarep, in_service: none, because: owner_lost_peer}\n"
          "  - restart: server1\n"
          "  - hold: {for: 5 min, resource: datarep, in_service: none, because: split_brain}\n"}) {
        INFO(restarts);
        auto const outcome =
            played(parted + restarts + "  - wait: {mirror: datarep, is: split brain}\n" +
                   "  - wait: {flag: last_owner, on: server1, mirror: datarep}\n"
                   "  - wait: {flag: last_owner, on: server2, mirror: datarep}\n");
        CHECK(outcome.result == Result::held);
        CHECK(outcome.marks.at("resync_started") == 1);  // the first one, before the cut
    }
}

TEST_CASE("An operator names the loser, and the union of both logs is copied over it (R33, R34)") {
    for (char const* loser : {"server1", "server2"}) {
        std::string const winner = std::string(loser) == "server1" ? "server2" : "server1";
        auto const outcome =
            played(parted + resolve(loser) + "  - wait: {resource: datarep, in_service: " + winner +
                   "}\n" + whole + "  - wait: {flag: last_owner, on: " + loser +
                   ", mirror: datarep, set: no}\n");
        CHECK(outcome.result == Result::held);
        CHECK(outcome.marks.contains("partial_resync"));
        CHECK(outcome.marks.contains("conceded"));
    }
}

TEST_CASE("Without a log, or without the merge, the loser is copied in full (R22, R33)") {
    for (char const* cluster : {"  bitmap_merge: no\n", ""}) {
        auto scenario = scenario_of(parted + resolve("server1") + whole, "", cluster);
        if (*cluster == '\0') scenario.cluster.mirrors[0].intent_log_chunk.reset();
        auto const outcome = play_well(scenario);
        CHECK(outcome.result == Result::held);
        CHECK_FALSE(outcome.marks.contains("partial_resync"));
        CHECK(outcome.marks.at("full_resync") == 2);
    }
}

TEST_CASE("With both restarted and nobody in service, the winner is brought in (R33)") {
    auto const outcome = played(
        parted +
        "  - crash: server1\n  - crash: server2\n  - restart: server1\n  - restart: server2\n"
        "  - hold: {for: 1 min, resource: datarep, in_service: none}\n" +
        resolve("server1") + "  - wait: {resource: datarep, in_service: server2}\n" + whole);
    CHECK(outcome.result == Result::held);
    CHECK(outcome.marks.contains("partial_resync"));
}

TEST_CASE("A restart of either after the choice changes nothing about it (SAF-4)") {
    for (char const* fault :
         {"  - crash: server1\n  - pass: 2 s\n  - restart: server1\n",
          "  - power_cut: server2\n  - pass: 1 min\n  - restart: server2\n",
          "  - crash: server1\n  - crash: server2\n  - restart: server1\n  - pass: 1 min\n"
          "  - hold: {for: 1 min, resource: datarep, in_service: none}\n  - restart: server2\n",
          "  - cut: [server1, server2]\n  - pass: 1 min\n  - heal: [server1, server2]\n"}) {
        INFO(fault);
        auto const outcome = played(parted + resolve("server1") + fault +
                                    "  - wait: {resource: datarep, in_service: server2}\n" + whole);
        CHECK(outcome.result == Result::held);
        // 16 at first, and what either of the two wrote since: the loser's log is still trusted.
        CHECK(outcome.statistics.chunks_to_copy <= 16 + 3 * 2);
    }
}

TEST_CASE("A forced start past the last owner is resolved either way (R129, SAF-4)") {
    std::string const forced =
        "  - wait: {mirror: datarep, is: fully operational}\n"
        "  - crash: server2\n"
        "  - write: {mirror: datarep, at: 0 KiB, length: 8 KiB}\n"
        "  - crash: server1\n"
        "  - restart: server2\n"
        "  - pass: 1 min\n"
        "  - force_online: {mirror: datarep, on: server2}\n"
        "  - wait: {resource: datarep, in_service: server2}\n"
        "  - write: {mirror: datarep, at: 128 KiB, length: 8 KiB}\n"
        "  - restart: server1\n"
        "  - wait: {mirror: datarep, is: split brain}\n"
        "  - pass: 5 s\n";
    for (char const* loser : {"server1", "server2"}) {
        std::string const winner = std::string(loser) == "server1" ? "server2" : "server1";
        auto const outcome =
            played(forced + resolve(loser) + "  - wait: {resource: datarep, in_service: " + winner +
                   "}\n" + whole);
        CHECK(outcome.result == Result::held);
    }
}

TEST_CASE("A resolution is refused where nothing has parted, or where nobody can tell (SAF-4)") {
    CHECK(played("  - wait: {mirror: datarep, is: fully operational}\n" +
                 resolve("server1", "no_split_brain") + resolve("server2", "no_split_brain"))
              .result == Result::held);
    CHECK(played(parted + "  - cut: [server1, server2]\n  - pass: 30 s\n" +
                 resolve("server1", "winner_unreachable"))
              .result == Result::held);
    CHECK(played(parted + "  - crash: server2\n  - pass: 30 s\n" +
                 resolve("server1", "winner_unreachable"))
              .result == Result::held);
    // Once is enough: from the moment that one has conceded, the other is the winner.
    CHECK(
        played(parted + resolve("server1") + resolve("server2", "winner_silent") + whole).result ==
        Result::held);
    CHECK(played(parted + resolve("server1") + "  - pass: 1 ms\n" +
                 resolve("server2", "no_split_brain") + whole)
              .result == Result::held);
}

TEST_CASE("Two operators who name both nodes at once are both refused (FLT-12)") {
    TwoNodes two;
    netsim::World world(two.cluster(), 1);
    auto const never = [](netsim::World const&) { return false; };
    world.start_all();
    run_until(world, seconds(20), never);
    world.cut(0, 1, false);
    write_block(world, first_node, 0);
    run_until(world, seconds(60), never);
    write_block(world, second_node, 32);
    world.heal(0, 1);
    run_until(world, seconds(80), never);
    std::vector<netsim::Observation> seen;
    world.take_observations(seen);
    world.resolve_split_brain(first_node, the_mirror);
    world.resolve_split_brain(second_node, the_mirror);
    run_until(world, seconds(100), never);
    world.take_observations(seen);
    std::size_t refused = 0;
    for (netsim::Observation const& what : seen) {
        auto const* told = std::get_if<netsim::seen::AdminAnswered>(&what);
        if (told != nullptr && !told->granted && told->rule == "both_were_named") ++refused;
    }
    CHECK(refused == 2);
    CHECK(world.serves(first_node, the_mirror));
    CHECK(world.serves(second_node, the_mirror));
}

TEST_CASE("It does not matter whose leg saw the split brain (LIV-7)") {
    // The winner restarts and has not shaken hands yet when the operator speaks to the loser.
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        auto const outcome = play_well(
            scenario_of(parted + "  - crash: server2\n  - restart: server2\n  - pass: 1001 ms\n" +
                        resolve("server1") +
                        "  - wait: {resource: datarep, in_service: server2}\n" + whole),
            seed);
        CHECK(outcome.result == Result::held);
    }
}

TEST_CASE("Of two that have nothing in common an operator may name either the loser (R33)") {
    // Both were forced online before the first resync.
    std::string const strangers =
        "  - cut: [server1, server2]\n"
        "  - pass: 1 min\n"
        "  - force_online: {mirror: datarep, on: server1}\n"
        "  - force_online: {mirror: datarep, on: server2}\n"
        "  - write: {mirror: datarep, at: 0 KiB, length: 64 KiB, on: server1}\n"
        "  - write: {mirror: datarep, at: 64 KiB, length: 64 KiB, on: server2}\n"
        "  - heal: [server1, server2]\n"
        "  - wait: {mirror: datarep, is: split brain}\n"
        "  - hold: {for: 1 min, mirror: datarep, is: split brain}\n";
    for (std::string const loser : {"server1", "server2"}) {
        INFO(loser);
        std::string const winner = loser == "server1" ? "server2" : "server1";
        auto const outcome = played(strangers + resolve(loser) + whole +
                                    "  - wait: {resource: datarep, in_service: " + winner + "}\n");
        CHECK(outcome.result == Result::held);
        // Nothing says what the loser holds: all of it is copied.
        CHECK(outcome.statistics.chunks_to_copy >= 2);
    }
}

TEST_CASE("A crash of either node at any moment of a resolution leaves a split brain or a loser") {
    // Whatever dies when: nothing of the winner is overwritten, and the operator can repeat it.
    for (int millisecond = 0; millisecond < 12; ++millisecond) {
        for (unsigned victim = 0; victim < 2; ++victim) {
            TwoNodes two;
            netsim::World world(two.cluster(), static_cast<std::uint64_t>(millisecond) + 1);
            auto const never = [](netsim::World const&) { return false; };
            auto const pass = [&](std::int64_t ms) {
                run_until(world, world.now() + milliseconds(ms), never);
                world.wait_until(world.now());
            };
            world.start_all();
            REQUIRE(run_until(world, seconds(60), mirrors));
            pass(10'000);
            world.cut(0, 1, false);
            write_block(world, first_node, 0);
            auto const both = [](netsim::World const& w) {
                return w.serves(first_node, the_mirror) && w.serves(second_node, the_mirror);
            };
            REQUIRE(run_until(world, seconds(120), both));
            write_block(world, second_node, 32);
            pass(1000);
            world.heal(0, 1);
            pass(5000);
            auto const image = world.copy(second_node, the_mirror)->disk->image();
            world.resolve_split_brain(first_node, the_mirror);
            for (int e = 0; e < millisecond; ++e) world.advance();
            world.crash(NodeId{static_cast<std::uint8_t>(victim)});
            pass(2000);
            world.restart(NodeId{static_cast<std::uint8_t>(victim)});
            pass(60'000);
            if (!world.serves(second_node, the_mirror) || world.serves(first_node, the_mirror) ||
                !mirrors(world)) {
                world.resolve_split_brain(first_node, the_mirror);
            }
            CHECK(run_until(world, world.now() + seconds(120), [](netsim::World const& w) {
                return w.serves(second_node, the_mirror) && mirrors(w);
            }));
            CHECK(netsim::Image::same(image, world.copy(second_node, the_mirror)->disk->image(),
                                      {0, two.sectors}));
            CHECK(same_images(world, two.sectors));
        }
    }
}

TEST_CASE("Each rule of a resolution is reached, and only a parting is granted") {
    using Winner = nodes::ResolutionFacts::Winner;
    std::set<std::string_view> reached;
    for (bool const copy : {false, true})
        for (bool const transition : {false, true})
            for (unsigned w = 0; w <= static_cast<unsigned>(Winner::kin); ++w) {
                auto const winner = static_cast<Winner>(w);
                auto const rule = nodes::decide_resolution({copy, transition, winner});
                reached.insert(nodes::text_of(rule).name);
                bool const right = copy && !transition &&
                                   (winner == Winner::parted || winner == Winner::overtaken);
                CHECK((rule == nodes::ResolutionRule::granted) == right);
            }
    // These two are found out on the way.
    CHECK_FALSE(nodes::text_of(nodes::ResolutionRule::both_were_named).words.empty());
    CHECK_FALSE(nodes::text_of(nodes::ResolutionRule::resource_does_not_stop).words.empty());
    CHECK(reached.size() + 2 == static_cast<std::size_t>(nodes::ResolutionRule::last));
}

TEST_CASE("A configured policy ends a split brain by itself, and only it (C.3)") {
    struct Case {
        char const* policy;
        char const* winner;  // empty: an operator has to choose
    };
    // Server 1 was the source before, and was written less.
    std::string const steps =
        parted.substr(0, parted.find("  - heal")) +
        "  - write: {mirror: datarep, at: 256 KiB, length: 64 KiB, on: server2}\n"
        "  - write: {mirror: datarep, at: 320 KiB, length: 64 KiB, on: server2}\n"
        "  - heal: [server1, server2]\n";
    for (Case const& each :
         {Case{"disconnect", ""}, Case{"discard_zero_changes", ""},
          Case{"discard_least_changes", "server2"}, Case{"discard_younger", "server1"},
          Case{"discard_older", "server2"}, Case{"{discard_node: server1}", "server2"},
          Case{"{discard_node: server2}", "server1"}}) {
        INFO(each.policy);
        std::string const cluster = std::string("  split_brain: ") + each.policy + "\n";
        std::string const winner = each.winner;
        std::string const end =
            winner.empty() ? "  - wait: {mirror: datarep, is: split brain}\n"
                             "  - hold: {for: 5 min, mirror: datarep, is: split brain}\n"
                           : "  - wait: {resource: datarep, in_service: " + winner + "}\n" + whole;
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            auto const outcome = play_well(scenario_of(steps + end, "", cluster), seed);
            CHECK(outcome.result == Result::held);
            CHECK(outcome.marks.contains("conceded_by_policy") == !winner.empty());
            if (!winner.empty()) CHECK(outcome.marks.at("conceded_by_policy") == 1);
        }
    }
}

TEST_CASE("A policy chooses when both have restarted, and whoever lost its word in a crash") {
    for (char const* policy : {"discard_least_changes", "discard_younger", "discard_older"}) {
        for (char const* fault :
             {"  - crash: server1\n  - crash: server2\n  - heal: [server1, server2]\n"
              "  - restart: server1\n  - restart: server2\n",
              "  - heal: [server1, server2]\n  - pass: 1001 ms\n  - crash: server1\n"
              "  - pass: 40 s\n  - restart: server1\n",
              "  - heal: [server1, server2]\n  - pass: 1001 ms\n  - crash: server2\n"
              "  - pass: 40 s\n  - restart: server2\n"}) {
            INFO(policy << "\n" << fault);
            std::string const cluster = std::string("  split_brain: ") + policy + "\n";
            std::string const steps = parted.substr(0, parted.find("  - heal")) + fault;
            for (std::uint64_t seed = 1; seed <= 10; ++seed) {
                auto const outcome = play_well(scenario_of(steps + whole, "", cluster), seed);
                CHECK(outcome.result == Result::held);
            }
        }
    }
}

TEST_CASE("A policy may be a mirror's own, and a forced start comes under it, too") {
    auto scenario = scenario_of(
        "  - wait: {mirror: datarep, is: fully operational}\n"
        "  - crash: server2\n"
        "  - write: {mirror: datarep, at: 0 KiB, length: 8 KiB}\n"
        "  - crash: server1\n"
        "  - restart: server2\n"
        "  - restart: server1\n  - crash: server1\n"
        "  - force_online: {mirror: datarep, on: server2}\n"
        "  - wait: {resource: datarep, in_service: server2}\n"
        "  - restart: server1\n"
        "  - wait: {resource: datarep, in_service: server1, within: 2 min}\n" +
        whole);
    scenario.cluster.mirrors[0].split_brain =
        netsim::SplitBrainSetup{replication::SplitBrainPolicy::discard_node, NodeId{1}};
    auto const outcome = play_well(scenario);
    CHECK(outcome.result == Result::held);
    CHECK(outcome.marks.contains("conceded_by_policy"));
}
