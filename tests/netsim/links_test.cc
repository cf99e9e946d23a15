// SPDX-License-Identifier: BSD-3-Clause
//
// What do links do that are late, lossy or slow (FLT-7), and what do those that are not?
#include "netsim/world.h"
#include "tests/netsim/checkers/stage.h"
#include "tests/support/two_nodes.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <vector>

using namespace sunder;
using namespace sunder::testing;
namespace seen = sunder::netsim::seen;
using netsim::Cluster;
using netsim::Degradation;
using netsim::World;

namespace {

constexpr GroupId other_mirror{1};

/// Nodes that do not take over from one another, so that only what links do is seen.
Cluster cluster_of(Degradation const& how) {
    Cluster made = *TwoNodes{.guarded = true}.cluster();
    for (netsim::LinkModel* const way : {&made.links[0].there, &made.links[0].back}) {
        way->jitter = how.jitter.value_or(Duration{});
        way->loss = how.loss.value_or(Share{});
    }
    return made;
}

World started(Cluster const& cluster, std::uint64_t seed = 1) {
    World world(std::make_shared<Cluster const>(cluster), seed);
    world.start_all();
    REQUIRE(run_until(world, minutes(5), mirrors));
    return world;
}

/// Shows everything that is seen until then.
template <class See>
void run_on(World& world, Duration time, See&& see) {
    Duration const until = world.now() + time;
    std::vector<netsim::Observation> all;
    while (world.next_time() && *world.next_time() <= until) {
        world.advance();
        world.take_observations(all);
        for (netsim::Observation const& one : all) see(one);
    }
    world.wait_until(until);
}

template <class What>
std::vector<What> seen_in(World& world, Duration time) {
    std::vector<What> found;
    run_on(world, time, [&](netsim::Observation const& one) {
        if (auto const* what = std::get_if<What>(&one)) found.push_back(*what);
    });
    return found;
}

/// How long each of `writes`, asked one after another, waits for its answer.
std::vector<Duration> latencies(World& world, int writes) {
    std::vector<Duration> all;
    for (int i = 0; i < writes; ++i) {
        Duration const asked = world.now();
        RequestId const request = write_block(world, first_node, static_cast<std::uint64_t>(i));
        bool answered = false;
        std::vector<netsim::Observation> some;
        while (!answered) {
            REQUIRE(world.next_time());
            world.advance();
            world.take_observations(some);
            for (netsim::Observation const& one : some) {
                auto const* answer = std::get_if<seen::HostAnswered>(&one);
                answered = answered || (answer != nullptr && answer->request == request);
            }
        }
        all.push_back(world.now() - asked);
    }
    return all;
}

}  // namespace

TEST_CASE("On links that lose nothing no beat is ever missed, and nothing is ever due") {
    World world = started(cluster_of({}));
    CHECK(seen_in<seen::BeatsLost>(world, hours(100)).empty());
    CHECK_FALSE(world.next_time().has_value());
}

TEST_CASE("Nodes miss each other as often as beats are lost in a row, and hear each other again") {
    // 3 of 10 beats: a silence after 51 beats on the average, and 1.4 beats until the next; at 5 s
    // a beat and two watchers 272 in ten hours. Words that are said when a node is heard again
    // put it off a little.
    for (std::uint64_t const seed : {1U, 2U, 3U}) {
        CAPTURE(seed);
        World world = started(cluster_of({.loss = Share{300'000}}), seed);
        std::map<std::uint8_t, int> silences;
        int lost = 0;
        run_on(world, hours(10), [&](netsim::Observation const& one) {
            if (auto const* beats = std::get_if<seen::BeatsLost>(&one)) {
                CHECK(beats->missed == 3);
                ++silences[beats->node.value];
            }
            auto const* noted = std::get_if<seen::NodeNoted>(&one);
            if (noted == nullptr) return;
            if (std::holds_alternative<nodes::note::PeerLost>(noted->note)) ++lost;
        });
        // Only who was heard before can be lost.
        CHECK(silences[0] + silences[1] == lost);
        CHECK(silences[0] > 90);
        CHECK(silences[1] > 90);
        CHECK(silences[0] + silences[1] < 300);
        CHECK(world.serves(first_node, the_mirror));
    }
}

TEST_CASE("A link that was lossy and is healed is as good as any other") {
    World world = started(cluster_of({}));
    Fingerprint const built = world.network().fingerprint();
    world.degrade(0, 1, false, {.loss = Share{800'000}});
    CHECK(world.network().fingerprint() != built);
    CHECK_FALSE(seen_in<seen::BeatsLost>(world, hours(1)).empty());
    world.heal(1, 0);
    CHECK(world.network().fingerprint() == built);
    CHECK(seen_in<seen::BeatsLost>(world, hours(100)).empty());
    CHECK(mirrors(world));
    CHECK_FALSE(world.next_time().has_value());
}

TEST_CASE("What one way loses the other way does not") {
    World world = started(cluster_of({}));
    world.degrade(0, 1, true, {.loss = Share{600'000}});
    std::vector<seen::BeatsLost> const lost = seen_in<seen::BeatsLost>(world, hours(2));
    CHECK(lost.size() > 20);
    for (seen::BeatsLost const& one : lost) CHECK(one.node == second_node);
}

TEST_CASE("A transfer that is lost is late by the timeout, and by more when it is lost again") {
    World world = started(cluster_of({}));
    for (Duration const one : latencies(world, 50)) CHECK(one < milliseconds(5));
    world.degrade(0, 1, true, {.loss = Share{300'000}});
    int prompt = 0;
    int once = 0;
    int again = 0;
    for (Duration const one : latencies(world, 300)) {
        // What is neither waits behind something else that was lost.
        if (one < milliseconds(5)) ++prompt;
        if (one >= milliseconds(200) && one < milliseconds(205)) ++once;
        if (one >= milliseconds(600)) ++again;
    }
    // 210, 63 and 27 on the average.
    CHECK((prompt > 170 && prompt < 240));
    CHECK((once > 40 && once < 90));
    CHECK((again > 12 && again < 45));
}

TEST_CASE("Under jitter connections overtake one another, and none its own order") {
    for (bool const jittery : {false, true}) {
        Cluster cluster = cluster_of({});
        cluster.mirrors[0].intent_log_chunk.reset();  // whose stores some writes would wait for
        cluster.mirrors.push_back(cluster.mirrors.front());
        cluster.mirrors.back().name = "other";
        for (netsim::NodeSetup& node : cluster.nodes) node.disk.jitter = Duration{};
        if (jittery) cluster.links[0].there.jitter = milliseconds(20);
        World world = started(cluster);
        run_on(world, minutes(1), [](netsim::Observation const&) {});
        world.watching.records = true;
        int overtakes = 0;
        for (std::uint64_t round = 0; round < 40; ++round) {
            std::map<std::uint16_t, std::uint64_t> last;
            std::vector<std::uint16_t> order;
            for (GroupId const group : {the_mirror, other_mirror}) {
                for (std::uint64_t at = 0; at < 3; ++at) {
                    world.ask(first_node, group, replication::HostOp::write,
                              {(round * 3 + at) * 8, 8}, false, world.fresh_content());
                }
            }
            run_on(world, seconds(30), [&](netsim::Observation const& one) {
                auto const* record = std::get_if<seen::RecordArrived>(&one);
                if (record == nullptr || record->content == 0) return;
                CHECK(record->sequence > last[record->group.value]);
                last[record->group.value] = record->sequence;
                order.push_back(record->group.value);
            });
            REQUIRE(order.size() == 6);
            if (!std::ranges::is_sorted(order)) ++overtakes;
        }
        CAPTURE(overtakes);
        CHECK((jittery ? overtakes > 10 : overtakes == 0));
        CHECK(same_images(world, TwoNodes{}.sectors));
    }
}

TEST_CASE("What waits for a slow link goes at once when it is healed") {
    World world = started(cluster_of({}));
    world.degrade(0, 1, false, {.bandwidth = Bandwidth{56'000}});
    CHECK(world.network().bandwidth(0, 1) == Bandwidth{56'000});
    CHECK(world.network().latency(0, 1) == netsim::LinkModel{}.latency);
    // 4 KiB take 0.6 s.
    for (std::uint64_t block = 0; block < 40; ++block) write_block(world, first_node, block);
    CHECK(seen_in<seen::HostAnswered>(world, seconds(3)).size() < 6);
    world.heal(0, 1);
    CHECK(world.network().bandwidth(0, 1) == netsim::LinkModel{}.bandwidth);
    CHECK(seen_in<seen::HostAnswered>(world, milliseconds(100)).size() > 30);
}

TEST_CASE("No machine is given a damaged message, and both ends lose the connection") {
    using netsim::test::Stage;
    using replication::LegState;
    for (netsim::Damage const how : {netsim::Damage::flipped_bit, netsim::Damage::cut_short}) {
        INFO(name_of(how));
        Stage stage(netsim::test::small_cluster(), 1);
        REQUIRE(stage.until_mirroring());
        stage.run_for(seconds(1));
        std::vector<seen::MessageDamaged> refused;
        std::uint64_t arrived = 0;
        stage.world().watching.records = true;
        stage.listener = [&](netsim::Observation const& observation) {
            if (auto const* one = std::get_if<seen::MessageDamaged>(&observation))
                refused.push_back(*one);
            arrived += std::holds_alternative<seen::RecordArrived>(observation) ? 1 : 0;
        };
        stage.world().damage(Stage::server1, Stage::server2, how);
        stage.run_for(milliseconds(50));
        CHECK(refused.empty());  // nothing was sent
        stage.write(Stage::server1, netsim::test::block(3));
        REQUIRE(stage.run_until([&] { return !refused.empty(); }, seconds(1)));
        CHECK(refused.front().node == Stage::server2);
        CHECK(refused.front().group == Stage::group);
        CHECK(refused.front().how == how);
        CHECK(arrived == 0);
        REQUIRE(stage.run_until([&] { return stage.leg(Stage::server1) != LegState::mirroring; },
                                seconds(1)));
        REQUIRE(stage.until_mirroring());
        CHECK(refused.size() == 1);
        stage.end_well();
        INFO(stage.story());
        CHECK_FALSE(stage.broken());
    }
}

TEST_CASE("A degradation says what changes, and the rest stays as it is") {
    World world = started(cluster_of({}));
    world.degrade(0, 1, false, {.latency = milliseconds(40)});
    world.degrade(0, 1, true, {.jitter = milliseconds(3), .loss = Share{10'000}});
    netsim::Network const& network = world.network();
    CHECK(network.latency(0, 1) == milliseconds(40));
    CHECK(network.latency(1, 0) == milliseconds(40));
    CHECK(network.weather(0, 1).jitter == milliseconds(3));
    CHECK(network.weather(0, 1).lost == netsim::odds_of(Share{10'000}));
    CHECK(network.weather(1, 0).fair());
    CHECK(network.impaired(1, 0));
    world.heal(0, 1);
    CHECK(network.weather(0, 1).fair());
    CHECK(network.latency(1, 0) == netsim::LinkModel{}.latency);
    CHECK_FALSE(network.impaired(0, 1));
}

TEST_CASE("Heartbeats and connections can be lost without one another (FLT-6)") {
    using netsim::Severed;
    for (Severed const what : {Severed::heartbeats, Severed::data}) {
        INFO(name_of(what));
        for (bool const one_way : {false, true}) {
            CAPTURE(one_way);
            World world = started(cluster_of({}));
            world.cut(0, 1, one_way, what);
            std::vector<bool> lost(2);
            std::vector<bool> unreachable(2);
            run_on(world, minutes(2), [&](netsim::Observation const& one) {
                auto const* noted = std::get_if<seen::NodeNoted>(&one);
                if (noted == nullptr) return;
                auto const who = noted->node.value;
                namespace note = nodes::note;
                if (std::holds_alternative<note::PeerLost>(noted->note)) lost[who] = true;
                if (std::holds_alternative<note::PeerUnreachable>(noted->note))
                    unreachable[who] = true;
            });
            bool const beats = what == Severed::heartbeats;
            // Who misses the other first connects to it anew, and so is heard.
            CHECK((lost[0] || lost[1]) == beats);
            if (one_way) CHECK_FALSE(lost[0]);
            // A connection needs both ways, a heartbeat one.
            CHECK(unreachable == std::vector<bool>{!beats, !beats});
            CHECK(mirrors(world) == beats);
            world.heal(0, 1);
            CHECK(run_until(world, minutes(5), mirrors));
        }
    }
}

TEST_CASE("Whoever speaks is heard, with or without a heartbeat") {
    World world = started(cluster_of({}));
    world.cut(0, 1, false, netsim::Severed::heartbeats);
    int lost = 0;
    auto const count = [&](netsim::Observation const& one) {
        auto const* noted = std::get_if<seen::NodeNoted>(&one);
        if (noted != nullptr && std::holds_alternative<nodes::note::PeerLost>(noted->note)) ++lost;
    };
    Duration const patience = netsim::Detection{}.interval * netsim::Detection{}.missed;
    for (std::uint64_t block = 0; block < 60; ++block) {
        write_block(world, first_node, block);
        run_on(world, Duration{patience.ns / 3}, count);
    }
    CHECK(lost == 0);
    // And no longer.
    run_on(world, patience + seconds(1), count);
    CHECK(lost > 0);
    CHECK(world.serves(first_node, the_mirror));
}
