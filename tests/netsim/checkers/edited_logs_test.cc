// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator answers for who clears an intent log (R88), and until when (SAF-3, SAF-23).
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

/// Two targets, one of which hears everything late.
Cluster with_a_late_target() {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].on.push_back(add_node(cluster, "server3"));
    cluster.mirrors[0].priority.push_back(3);
    cluster.mirrors[0].initially_in_sync = true;
    cluster.links.clear();
    LinkModel const usual{microseconds(100), {1'000'000'000}};
    LinkModel const late{milliseconds(20), {1'000'000'000}};
    cluster.links.push_back({0, 1, usual, usual});
    cluster.links.push_back({0, 2, late, late});
    cluster.links.push_back({1, 2, late, late});
    return cluster;
}

/// A mistake of the engine is stood for by rot of which nobody outside hears.
void rot_unseen(Stage& stage, NodeId node, Extent where) {
    std::vector<Observation> unseen;
    stage.look();
    stage.world().rot(node, Stage::group, where);
    stage.world().take_observations(unseen);
}

/// The late target has not heard yet that it is in sync when the log of the other is cleared, which
/// names what has been written since.
Stage cleared_too_early() {
    Stage stage(with_a_late_target(), 1);
    bool told_late = false;
    stage.listener = [&](Observation const& observation) {
        auto const* noted = std::get_if<seen::MirrorNoted>(&observation);
        if (noted == nullptr || noted->node != server1) return;
        auto const* changed = std::get_if<replication::note::LegChanged>(&noted->note);
        told_late = told_late || (changed != nullptr && changed->peer == replication::Slot{2} &&
                                  changed->to == replication::LegState::mirroring);
    };
    REQUIRE(stage.run_until([&] { return told_late; }));
    stage.listener = nullptr;
    stage.write(server1, block(0));
    stage.run_for(milliseconds(10));
    REQUIRE_FALSE(Image::same(stage.image(server2), stage.image(server3), block(0)));
    stage.order(server2, {nodes::Order::Kind::clear_intent_log, server3});
    return stage;
}

}  // namespace

TEST_CASE("Who clears a log answers for what is on its way to one of the two") {
    Stage stage = cleared_too_early();
    stage.end_well();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
    CHECK(Image::same(stage.image(server2), stage.image(server3), block(0)));
    CHECK(stage.allowed("intent_log_superset: intent log cleared on server2") > 0);
}

TEST_CASE(
    "What an operator has wrongly taken for equal is allowed by name, and nothing beside it") {
    for (bool const mistaken : {false, true}) {
        Stage stage(small_cluster(), 1);
        REQUIRE(stage.until_mirroring());
        stage.crash(server2);
        stage.run_for(seconds(10));
        stage.write(server1, block(16));
        stage.run_for(seconds(1));
        stage.order(server1, {nodes::Order::Kind::leave_service});
        stage.run_for(seconds(1));
        stage.order(server1, {nodes::Order::Kind::clear_intent_log, server2});
        if (mistaken) rot_unseen(stage, server2, block(32));
        stage.restart(server2);
        stage.run_for(seconds(10));
        stage.order(server1, {nodes::Order::Kind::enter_service});
        REQUIRE(stage.until_mirroring());
        stage.end_well();
        INFO(stage.story());
        REQUIRE_FALSE(Image::same(stage.image(server1), stage.image(server2), block(16)));
        CHECK(stage.broken() == mistaken);
        CHECK(stage.allowed("mirror_equality: intent log cleared on server1") > 0);
    }
}

TEST_CASE("He answers for nothing any more once the two were equal there") {
    Stage stage = cleared_too_early();
    stage.run_for(seconds(2));
    stage.write(server1, block(0));
    stage.run_for(seconds(20));
    REQUIRE(Image::same(stage.image(server2), stage.image(server3), block(0)));
    CHECK_FALSE(stage.broken());
    rot_unseen(stage, server3, block(0));
    stage.crash(server3);
    CHECK(stage.broken("intent_log_superset"));
}

}  // namespace sunder::netsim::test
