// SPDX-License-Identifier: BSD-3-Clause
//
// When a mirror is in service nowhere, and for how long; and what `expect: rto` and `rpo` make of
// many outages.
#include "scenarios/language/load.h"
#include "scenarios/language/recovery.h"
#include "tools/recovery_report.h"

#include <catch2/catch.hpp>

namespace sunder::language {
namespace {

namespace seen = netsim::seen;
namespace note = nodes::note;

constexpr NodeId server1{0};
constexpr NodeId server2{1};
constexpr GroupId mirror{0};

struct Told {
    netsim::Cluster cluster = [] {
        netsim::Cluster made;
        made.mirrors.emplace_back();
        return made;
    }();
    RecoveryWatch watch{cluster};
    void came(int at, NodeId node, std::uint64_t lost = 0) {
        watch.see(seconds(at), seen::NodeNoted{node, note::CameInService{mirror, {}, false}});
        watch.lost(0, lost);
    }
    void left(int at, NodeId node) {
        watch.see(seconds(at), seen::NodeNoted{node, note::LeftService{mirror}});
    }
    void died(int at, NodeId node) {
        watch.see(seconds(at), seen::NodeDied{seen::NodeDied::How::crash, node, {}});
    }
    void asked(int at, NodeId node, seen::OperatorAsked::What what) {
        watch.see(seconds(at), seen::OperatorAsked{what, {}, node, mirror, {}, {}, true});
    }
};

TEST_CASE("an outage lasts from the death of who served until somebody serves") {
    Told told;
    told.died(1, server1);  // nobody served yet
    told.came(2, server1, 9);
    told.died(10, server2);  // a target
    told.died(11, server1);
    told.died(12, server1);
    CHECK(told.watch.outages() == std::vector<Recovery>{{0, seconds(11), std::nullopt, 0}});
    told.came(26, server2, 3);
    CHECK(told.watch.outages() == std::vector<Recovery>{{0, seconds(11), seconds(15), 3}});
}

TEST_CASE("a node that stands still serves nobody") {
    Told told;
    told.came(1, server1);
    told.watch.see(seconds(5), seen::NodePaused{server1});
    told.watch.see(seconds(9), seen::NodeResumed{server1});
    CHECK(told.watch.outages() == std::vector<Recovery>{{0, seconds(5), seconds(4), 0}});
}

TEST_CASE("where another serves there is no outage, and what an operator asks for is none") {
    Told told;
    told.came(1, server1);
    told.came(2, server2);  // a split brain
    told.died(3, server1);
    CHECK(told.watch.outages().empty());
    told.asked(4, server1, seen::OperatorAsked::What::switch_over);
    told.left(5, server2);
    told.came(6, server1);
    CHECK(told.watch.outages().empty());
    told.left(7, server1);  // unasked: its disk, or its quorum
    REQUIRE(told.watch.outages().size() == 1);
    CHECK(told.watch.outages()[0].began == seconds(7));
}

using tools::SeededOutage;

std::vector<SeededOutage> hundred() {
    std::vector<SeededOutage> outages;
    for (std::uint64_t seed = 100; seed >= 1; --seed) {
        Recovery const one{0, {}, seconds(static_cast<std::int64_t>(seed)), seed / 100};
        outages.push_back({seed, one});
    }
    return outages;
}

TEST_CASE("percentiles are nearest ranks, and the worst seed is the lowest of those") {
    auto outages = hundred();
    auto const at = [&](unsigned rank) { return tools::times(outages).rank(rank).at; };
    CHECK(at(50) == 50'000'000'000);
    CHECK(at(99) == 99'000'000'000);
    CHECK(at(100) == 100'000'000'000);
    outages.push_back({7, Recovery{0, {}, seconds(100), 0}});
    CHECK(tools::times(outages).sorted.back().seed == 7);
    outages.push_back({9, Recovery{0, {}, std::nullopt, 0}});
    CHECK_FALSE(at(100).has_value());
    CHECK(tools::losses(outages).sorted.size() == 101);  // one is not back
}

Scenario expecting(std::string const& what) {
    auto loaded = load_text("test.yaml",
                            "scenario: A test\ncluster:\n  nodes: {a: {}, b: {}}\n"
                            "  network: [{link: [a, b], bandwidth: 1 Gbit/s}]\n"
                            "  mirrors: {m: {size: 1 MiB, on: [a, b]}}\n"
                            "steps: [{pass: 1 s}]\nexpect: {" +
                                what + "}\n");
    REQUIRE(loaded);
    return loaded->front();
}

TEST_CASE("what was expected of recovery is judged over all outages") {
    auto const problem = [&](std::string const& expect) {
        return tools::recovery_problem(expecting(expect), hundred());
    };
    CHECK(problem("rto: {p50: 50 s, p99: 99 s, max: 100 s}, rpo: {p99: 0 writes, max: 1 write}")
              .empty());
    CHECK(problem("rto: {p50: 49 s}") ==
          "  rto: p50 is 50.000 s, expected at most 49 s; worst in seed 100\n"
          "    replay: tools/run run test.yaml --seed 100 --explain\n");
    CHECK(problem("rpo: {max: 0 writes}").find("rpo: max is 1, expected at most 0 writes") !=
          std::string::npos);
    CHECK(tools::recovery_problem(expecting("rto: {max: 1 h}"), {}) ==
          "  rto: there was no outage to judge\n");
    CHECK(tools::recovery_problem(expecting("rto: {max: 1 h}"),
                                  {{3, Recovery{0, {}, std::nullopt, 0}}})
              .find("max is never") != std::string::npos);
}

}  // namespace
}  // namespace sunder::language
