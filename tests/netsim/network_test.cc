// SPDX-License-Identifier: BSD-3-Clause
//
// Who waits for whom where several cross one link behind a switch (DESIGN 6, shared bandwidth).
#include "netsim/network.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

namespace sunder::netsim {
namespace {

constexpr Vertex a = 0;
constexpr Vertex b = 1;
constexpr Vertex c = 2;
constexpr Vertex lan = 3;

/// Three nodes at a switch. A byte takes 8 us on a link of 1 Mbit/s.
Network at_a_switch(Bandwidth of_a, Bandwidth of_others = {1'000'000}) {
    Cluster cluster;
    cluster.nodes = {{"a", {}}, {"b", {}}, {"c", {}}};
    cluster.switches = {"lan"};
    for (Vertex const node : {a, b, c}) {
        LinkModel const way{microseconds(100), node == a ? of_a : of_others};
        cluster.links.push_back({node, lan, way, way});
    }
    return Network(cluster);
}

}  // namespace

TEST_CASE("What will reach a switch late keeps nobody waiting there until then") {
    Network network = at_a_switch({1'000});
    // A second for a thousand bits on a's link, and a millisecond on that of c.
    Duration const slow = network.transfer(a, c, {}, 125);
    CHECK(slow == seconds(1) + milliseconds(1) + microseconds(200));
    Duration const fast = milliseconds(2) + microseconds(200);
    CHECK(network.transfer(b, c, {}, 125) == fast);
    // Behind the first of b.
    CHECK(network.transfer(b, c, {}, 125) == fast + milliseconds(1));
    // One that does not fit before what comes from a waits for it.
    Duration const late = seconds(1) - milliseconds(2);
    CHECK(network.transfer(b, c, late, 250) == slow + milliseconds(2));
    // One that does, does not.
    CHECK(network.transfer(b, c, seconds(3), 125) == seconds(3) + fast);
}

TEST_CASE("Two that send to one share its link, and none of it is used twice") {
    Network network = at_a_switch({2'000'000}, {1'000'000});
    std::vector<Duration> arrivals;
    for (int i = 0; i < 20; ++i) {
        Duration const now = microseconds(i * 137);
        arrivals.push_back(network.transfer(a, c, now, 125));
        arrivals.push_back(network.transfer(b, c, now, 125));
    }
    std::ranges::sort(arrivals);
    for (std::size_t i = 1; i < arrivals.size(); ++i) {
        CHECK(arrivals[i] - arrivals[i - 1] >= milliseconds(1));
    }
    // It is busy all the time, from when the first of a has reached the switch.
    CHECK(arrivals.back() == microseconds(500 + 200) + milliseconds(40));
}

TEST_CASE("A link that is healed leaves nothing behind it reserved") {
    Network network = at_a_switch({1'000'000});
    network.degrade(a, lan, false, {.bandwidth = Bandwidth{1'000}});
    for (int i = 0; i < 100; ++i) (void)network.transfer(a, c, {}, 125);
    REQUIRE(network.heal(a, lan));
    // It would not fit between two of those.
    Duration const all_at_once = network.transfer(b, c, {}, 125'000);
    CHECK(all_at_once == seconds(2) + microseconds(200));
}

TEST_CASE("What a filter takes finds no other way, and the rest goes on (FLT-6)") {
    // Two ways from a to b: the short one, and one by the switch.
    Cluster cluster;
    cluster.nodes = {{"a", {}}, {"b", {}}};
    cluster.switches = {"lan"};
    constexpr Vertex hub = 2;
    LinkModel const slow{milliseconds(1)};
    cluster.links = {{a, b, {}, {}}, {a, hub, slow, slow}, {hub, b, slow, slow}};
    Network network(cluster);
    Duration const direct = network.latency(a, b);
    CHECK_FALSE(network.impaired(a, b));

    network.cut(a, b, true, Severed::heartbeats);
    CHECK(network.reaches(a, b));
    CHECK_FALSE(network.beats_reach(a, b));
    CHECK(network.beats_reach(b, a));
    CHECK(network.impaired(a, b));
    CHECK(network.latency(a, b) == direct);
    CHECK_FALSE(network.is_cut(a, b));

    network.cut(a, b, false, Severed::data);
    CHECK_FALSE(network.reaches(a, b));
    CHECK_FALSE(network.reaches(b, a));
    CHECK(network.beats_reach(b, a));

    // Whoever knows of a cut goes round it.
    network.cut(a, b, false);
    CHECK(network.reaches(a, b));
    CHECK(network.beats_reach(a, b));
    CHECK(network.latency(a, b) == milliseconds(2));

    network.heal(a, b);
    CHECK(network.beats_reach(a, b));
    CHECK(network.latency(a, b) == direct);
    CHECK_FALSE(network.impaired(a, b));
}

TEST_CASE("Networks that let different things through are told apart") {
    Network const whole = at_a_switch({1'000'000});
    std::vector<Fingerprint> all{whole.fingerprint()};
    for (Severed const what : {Severed::everything, Severed::heartbeats, Severed::data}) {
        Network network = whole;
        network.cut(a, lan, true, what);
        CHECK(std::ranges::find(all, network.fingerprint()) == all.end());
        all.push_back(network.fingerprint());
        network.heal(a, lan);
        CHECK(network.fingerprint() == whole.fingerprint());
    }
}

}  // namespace sunder::netsim
