// SPDX-License-Identifier: BSD-3-Clause
//
// One healthy story or more for each checker: what it looks at happens, it finds nothing wrong, and
// what a policy allows is counted under its name. What makes each of them speak is in
// mutants_test.cc.
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

#include <algorithm>

namespace sunder::netsim::test {
namespace {

using replication::HostOp;

Cluster asynchronous_cluster() {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].mode = Mode::asynchronous;
    return cluster;
}

void expect_clean(Stage const& stage) {
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
}

TEST_CASE("a synchronous target takes over with every acknowledged write") {
    Stage stage(small_cluster(), 1);
    REQUIRE(stage.until_mirroring());
    stage.work(server1, 50, 64, 300);
    RequestId const last = stage.write(server1, block(7));
    REQUIRE(stage.run_until([&] { return stage.acknowledged(last); }));
    stage.power_cut(server1);
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
    RequestId const read = stage.ask(server2, HostOp::read, block(7));
    REQUIRE(stage.run_until([&] { return stage.acknowledged(read); }));
    stage.end_well();
    expect_clean(stage);
    CHECK(stage.findings().allowances().empty());
}

TEST_CASE("who waits for a confirmation waits by its own clock, and a fast one is not blamed") {
    Cluster cluster = small_cluster();
    cluster.confirm.pairs = {{server1, server2}};
    cluster.confirm.timeout = seconds(20);
    Stage stage(cluster, 1);
    REQUIRE(stage.until_mirroring());
    stage.world().skew_clock(server2, 10);
    stage.crash(server1);
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }, seconds(10)));
    stage.end_well();
    expect_clean(stage);
}

TEST_CASE("who waits for a confirmation by a clock that steps forward is not blamed either") {
    Cluster cluster = small_cluster();
    cluster.confirm.pairs = {{server1, server2}};
    cluster.confirm.timeout = seconds(20);
    Stage stage(cluster, 1);
    REQUIRE(stage.until_mirroring());
    stage.crash(server1);
    stage.run_for(seconds(2));
    REQUIRE_FALSE(stage.serves(server2));
    stage.world().step_clock(server2, seconds(20));
    stage.look();
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }, seconds(5)));
    stage.end_well();
    expect_clean(stage);
}

TEST_CASE(
    "what a source loses with its own cache is counted, and never more than was not flushed") {
    std::uint64_t lost = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Stage stage(small_cluster(), seed);
        REQUIRE(stage.until_mirroring());
        stage.crash(server2);
        REQUIRE(stage.run_until(
            [&] { return stage.leg(server1) == replication::LegState::disconnected; }));
        stage.work(server1, 20, 64, 200);
        RequestId const durable = stage.write(server1, block(3), true);
        REQUIRE(stage.run_until([&] { return stage.acknowledged(durable); }));
        stage.run_for(milliseconds(2));
        stage.work(server1, 20, 64, 200);
        stage.run_for(milliseconds(2));
        stage.power_cut(server1);
        stage.end_well();
        expect_clean(stage);
        lost += stage.allowed(
            "no_lost_acknowledged_write: unflushed writes lost with the source's own cache");
    }
    CHECK(lost > 0);
}

TEST_CASE("writes that an operator gives up are counted as the operator's") {
    Stage stage(small_cluster(), 3);
    REQUIRE(stage.until_mirroring());
    stage.crash(server2);
    REQUIRE(
        stage.run_until([&] { return stage.leg(server1) == replication::LegState::disconnected; }));
    RequestId const lost = stage.write(server1, block(9));
    REQUIRE(stage.run_until([&] { return stage.acknowledged(lost); }));
    stage.crash(server1);
    stage.restart(server2);
    stage.run_for(seconds(4));
    REQUIRE_FALSE(stage.serves(server2));
    stage.force(server2);
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
    CHECK(stage.allowed("no_lost_acknowledged_write: operator override") == 1);
    CHECK(stage.allowed("linearizability: operator override") == 1);
    stage.end_well();
    expect_clean(stage);
    CHECK_FALSE(stage.mirroring());  // the owner has not been told what it may lose
}

TEST_CASE("two that serve because nothing connects them are split brain, allowed when faithful") {
    Stage stage(small_cluster(), 4);
    REQUIRE(stage.until_mirroring());
    stage.cut();
    REQUIRE(stage.run_until([&] { return stage.serves(server1) && stage.serves(server2); }));
    for (NodeId const node : {server1, server2}) {
        RequestId const write = stage.write(node, block(node.value));
        REQUIRE(stage.run_until([&] { return stage.acknowledged(write); }));
    }
    stage.end_well();
    expect_clean(stage);
    CHECK(stage.allowed("both_back_in_service: split brain was reported") >= 1);
    CHECK(stage.allowed("linearizability: split brain under a faithful policy") == 1);
}

TEST_CASE("a target that could not be told is left behind unknowingly, and its loss has a name") {
    Stage stage(small_cluster(), 5);
    REQUIRE(stage.until_mirroring());
    stage.run_for(milliseconds(300));
    stage.cut();
    RequestId const write = stage.write(server1, block(20));
    REQUIRE(
        stage.run_until([&] { return stage.acknowledged(write); }));  // when the leg is given up
    stage.crash(server1);
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
    CHECK(stage.allowed(
              "no_promotion_of_inconsistent_copy: left behind unknowingly (faithful policy)") == 1);
    CHECK(stage.allowed("no_lost_acknowledged_write: acknowledged without the target (faithful "
                        "policy)") == 1);
    stage.end_well();
    expect_clean(stage);
}

TEST_CASE("an asynchronous target takes over with a prefix, and its tail is counted") {
    std::uint64_t tail = 0;
    std::uint64_t begun_anew = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Stage stage(asynchronous_cluster(), seed);
        REQUIRE(stage.until_mirroring());
        stage.work(server1, 30, 24, 150);
        stage.cut();
        stage.work(server1, 10, 24, 150);
        stage.power_cut(server1);
        REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
        stage.end_well();
        expect_clean(stage);
        tail += stage.allowed("no_lost_acknowledged_write: asynchronous tail");
        begun_anew += stage.allowed("linearizability: lost at a failover");
    }
    CHECK(tail > 0);
    CHECK(begun_anew > 0);
}

TEST_CASE("intent bits, resyncs and the end of a mirror's life hold what they promise") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Cluster cluster = seed % 2 == 0 ? small_cluster() : asynchronous_cluster();
        Stage stage(cluster, seed);
        REQUIRE(stage.until_mirroring());
        stage.work(server1, 20, 256, 300);
        stage.crash(server2);
        stage.work(server1, 20, 256, 300);
        stage.run_for(milliseconds(500));
        stage.restart(server2);
        REQUIRE(stage.run_until([&] { return stage.resyncing(); }));
        stage.work(server1, 30, 256, 300);
        REQUIRE(stage.until_mirroring());
        stage.end_well();
        expect_clean(stage);
        CHECK(stage.mirroring());
        CHECK(Image::same(stage.image(server1), stage.image(server2), {0, 2048}));
    }
}

TEST_CASE("failover, return and failback are in time, by union of both logs") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Stage stage(small_cluster(), seed);
        REQUIRE(stage.until_mirroring());
        stage.work(server1, 20, 256, 300);
        stage.crash(server1);
        REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
        stage.work(server2, 20, 256, 300);
        stage.restart(server1);
        REQUIRE(stage.until_mirroring());
        stage.switch_over(server1);
        REQUIRE(stage.run_until([&] { return stage.serves(server1); }));
        stage.end_well();
        expect_clean(stage);
        CHECK(stage.findings().allowances().empty());
    }
}

TEST_CASE("a mirror without an intent log is outside the superset's promise") {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].intent_log_chunk.reset();
    Stage stage(cluster, 6);
    REQUIRE(stage.until_mirroring());
    stage.work(server1, 20, 64, 300);
    stage.power_cut(server1);
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
    stage.work(server2, 20, 64, 300);
    stage.end_well();
    expect_clean(stage);
}

TEST_CASE("a guarded source holds writes back while it cannot tell its target") {
    Cluster cluster = small_cluster();
    cluster.policy.guarded = true;
    Stage stage(cluster, 8);
    REQUIRE(stage.until_mirroring());
    stage.cut();
    RequestId const held = stage.write(server1, block(2));
    stage.run_for(seconds(5));
    stage.finish();
    expect_clean(stage);
    CHECK_FALSE(stage.acknowledged(held));
    CHECK(stage.allowed("every_request_ends: held back by a guarded policy") == 1);
}

TEST_CASE("what a disk refuses is answered with an error, and nobody takes it for done") {
    Stage stage(small_cluster(), 9);
    REQUIRE(stage.until_mirroring());
    stage.disk_faults(server1, {.reads = true, .writes = true, .flushes = true});
    RequestId const refused[] = {stage.ask(server1, HostOp::read, block(1)),
                                 stage.write(server1, block(2)),
                                 stage.ask(server1, HostOp::flush, {})};
    stage.run_for(milliseconds(20));
    stage.disk_faults(server1, {});
    RequestId const flush = stage.ask(server1, HostOp::flush, {});
    stage.end_well();
    expect_clean(stage);
    for (RequestId const request : refused) CHECK_FALSE(stage.acknowledged(request));
    CHECK_FALSE(stage.acknowledged(flush));  // G11: a failed flush is sticky
}

TEST_CASE("checkers are values: a copy goes on from where the original was") {
    Stage stage(small_cluster(), 7);
    REQUIRE(stage.until_mirroring());
    stage.work(server1, 20, 64, 300);
    Stage copy = stage;
    for (Stage* one : {&stage, &copy}) {
        one->crash(server1);
        REQUIRE(one->run_until([&] { return one->serves(server2); }));
        one->work(server2, 10, 64, 300);
        one->end_well();
        expect_clean(*one);
    }
    CHECK(stage.world().trace_hash() == copy.world().trace_hash());
}

TEST_CASE("what has to come before a takeover comes, and then it happens") {
    Cluster cluster = small_cluster();
    cluster.confirm.pairs = {{server1, server2}};
    cluster.fencing.emplace();
    cluster.fencing->takes = seconds(2);
    Stage stage(cluster, 1);
    std::vector<std::string> order;
    stage.listener = [&](Observation const& observation) {
        auto const* noted = std::get_if<seen::NodeNoted>(&observation);
        if (noted == nullptr || noted->node != server2) return;
        namespace note = nodes::note;
        if (std::holds_alternative<note::ConfirmationAsked>(noted->note)) order.push_back("asks");
        if (std::holds_alternative<note::Confirmed>(noted->note)) order.push_back("hears");
        if (std::holds_alternative<note::FencingStarted>(noted->note)) order.push_back("shoots");
        if (std::holds_alternative<note::FencingEnded>(noted->note)) order.push_back("hits");
        if (std::holds_alternative<note::CameInService>(noted->note)) order.push_back("serves");
    };
    REQUIRE(stage.until_mirroring());
    stage.work(server1, 20, 64, 300);
    stage.crash(server1);
    stage.run_for(seconds(30));
    CHECK_FALSE(stage.serves(server2));
    stage.world().confirm_failover(server2, server1, true);
    stage.look();
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
    CHECK(order == std::vector<std::string>{"asks", "hears", "shoots", "hits", "serves"});
    stage.end_well();
    expect_clean(stage);
}

TEST_CASE("every checker has a name, a rule and words of its own") {
    auto const texts = Checkers::texts();
    CHECK(texts.size() == 36);
    for (CheckerText const& text : texts) {
        CHECK_FALSE(text.words.empty());
        CHECK_FALSE(text.rule.empty());
        CHECK(std::ranges::count(texts, text.name, &CheckerText::name) == 1);
    }
}

TEST_CASE("random faults over many seeds break nothing that is promised") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        Cluster cluster = seed % 2 == 0 ? small_cluster() : asynchronous_cluster();
        if (seed % 3 == 0) cluster.mirrors[0].initially_in_sync = true;
        if (seed % 5 == 0) cluster.policy.bitmap_merge = false;
        Stage stage(cluster, seed);
        stage.run_for(seconds(3));
        for (int round = 0; round < 200 && !stage.broken(); ++round) {
            for (NodeId const node : {server1, server2}) stage.work(node, 1, 256, 300);
            NodeId const victim{static_cast<std::uint8_t>(stage.dice.below(2))};
            bool const up = stage.world().node(victim).up();
            std::uint64_t const fate = stage.dice.below(50);
            if (fate == 0 && up) stage.crash(victim);
            if (fate == 1 && up) stage.power_cut(victim);
            if (fate <= 4 && !up) stage.restart(victim);
            if (fate == 5) stage.reset();
            if (fate == 6) stage.cut();
            if (fate == 7) stage.heal();
            if (fate == 8 && up) stage.switch_over(victim);
            if (fate == 9 || fate == 10) {
                stage.run_for(milliseconds(static_cast<std::int64_t>(stage.dice.below(2000))));
            }
        }
        stage.end_well();
        INFO("seed " << seed << "\n" << stage.story());
        REQUIRE_FALSE(stage.broken());
    }
}

}  // namespace
}  // namespace sunder::netsim::test
