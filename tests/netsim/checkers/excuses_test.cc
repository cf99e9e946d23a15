// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator's word may cost is what was acknowledged before it, and nothing of later; and
// what he does not want nobody waits for. A mistake of the engine is stood for by rot of which
// nobody outside hears.
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

Cluster guarded_three() {
    Cluster cluster = small_cluster();
    cluster.policy.guarded = true;
    cluster.mirrors[0].on.push_back(add_node(cluster, "server3"));
    cluster.mirrors[0].priority = {1, 2, 3};
    cluster.mirrors[0].never_in_service = {false, false, true};  // so that no write waits for it
    return cluster;
}

/// Server 2 is forced in service while server 1 stands still, which an operator names the loser
/// then. Server 3 is away, so that what is true is not settled.
Stage forced() {
    Stage stage(guarded_three(), 1);
    REQUIRE(stage.until_mirroring());
    stage.run_for(seconds(2));
    RequestId const before = stage.write(server1, block(3));
    REQUIRE(stage.run_until([&] { return stage.acknowledged(before); }));
    stage.run_for(seconds(2));
    stage.crash(server3);
    stage.pause(server1);
    stage.run_for(seconds(5));
    stage.force(server2);
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
    stage.resume(server1);
    stage.run_for(seconds(3));
    stage.resolve(server1);
    REQUIRE(stage.run_until([&] { return !stage.serves(server1); }));
    return stage;
}

void rot_unseen(Stage& stage, Extent where) {
    std::vector<Observation> unseen;
    stage.look();
    stage.world().rot(server2, Stage::group, where);
    stage.world().take_observations(unseen);
}

void read(Stage& stage, Extent where) {
    RequestId const asked = stage.ask(server2, replication::HostOp::read, where);
    REQUIRE(stage.run_until([&] { return stage.acknowledged(asked); }));
}

TEST_CASE("what was acknowledged before an operator's override may be lost by it") {
    Stage stage = forced();
    rot_unseen(stage, block(3));
    read(stage, block(3));
    INFO(stage.story());
    CHECK_FALSE(stage.broken("no_lost_acknowledged_write"));
    CHECK(stage.allowed("no_lost_acknowledged_write: operator override") == 1);
}

TEST_CASE("what was acknowledged after it may not") {
    Stage stage = forced();
    RequestId const after = stage.write(server2, block(3));
    REQUIRE(stage.run_until([&] { return stage.acknowledged(after); }));
    rot_unseen(stage, block(3));
    read(stage, block(3));
    INFO(stage.story());
    CHECK(stage.broken("no_lost_acknowledged_write"));
}

TEST_CASE("nobody waits for a failover that an administrator does not want") {
    Cluster cluster = small_cluster();
    cluster.confirm.pairs = {{server1, server2}};
    cluster.confirm.timeout = seconds(20);
    for (bool const refuses : {false, true}) {
        Stage stage(cluster, 1);
        REQUIRE(stage.until_mirroring());
        stage.run_for(seconds(2));
        stage.crash(server1);
        stage.run_for(seconds(5));
        if (refuses) stage.world().confirm_failover(server2, server1, false);
        stage.look();
        stage.run_for(minutes(2));
        INFO(stage.story());
        CHECK(stage.serves(server2) != refuses);
        CHECK_FALSE(stage.broken());
    }
}

/// Shots miss, and an administrator takes a node for dead that is only cut off.
TEST_CASE("what comes of an administrator's wrong word is his") {
    Cluster cluster = small_cluster();
    cluster.policy.guarded = true;
    cluster.fencing.emplace();
    cluster.fencing->takes = seconds(1);
    Stage stage(cluster, 1);
    REQUIRE(stage.until_mirroring());
    stage.run_for(seconds(2));
    RequestId const before = stage.write(server1, block(3));
    REQUIRE(stage.run_until([&] { return stage.acknowledged(before); }));
    for (NodeId const node : {server1, server2}) stage.world().set_fencing(node, false);
    stage.cut();
    stage.run_for(seconds(10));
    REQUIRE_FALSE(stage.serves(server2));
    stage.world().confirm_failover(server2, server1, true);
    stage.look();
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
    RequestId const after = stage.write(server2, block(3));
    REQUIRE(stage.run_until([&] { return stage.acknowledged(after); }));
    RequestId const old = stage.ask(server1, replication::HostOp::read, block(3));
    REQUIRE(stage.run_until([&] { return stage.acknowledged(old); }));
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
    CHECK(stage.allowed("linearizability: operator override") == 1);
}

/// Server 2 holds something else, and is the next to serve: by a switchover, or because the mirror
/// is deleted and created there.
Stage next_to_serve(bool begins_anew) {
    using Extension = nodes::Extension;
    Stage stage(small_cluster(), 1);
    REQUIRE(stage.until_mirroring());
    stage.run_for(seconds(2));
    RequestId const before = stage.write(server1, block(3));
    REQUIRE(stage.run_until([&] { return stage.acknowledged(before); }));
    stage.run_for(seconds(2));
    rot_unseen(stage, block(3));
    if (begins_anew) {
        stage.order(server1, {nodes::Order::Kind::leave_service, {}});
        REQUIRE(stage.run_until([&] { return !stage.serves(server1); }));
        stage.run_for(seconds(2));
        stage.world().edit_extension(server1, Stage::group, {Extension::Kind::remove, server1});
        stage.look();
        stage.run_for(seconds(2));
        stage.world().edit_extension(server2, Stage::group, {Extension::Kind::create, server2});
        stage.look();
    } else {
        stage.switch_over(server2);
    }
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
    return stage;
}

TEST_CASE("what a deleted mirror held may be missing where an operator begins it anew") {
    Stage stage = next_to_serve(true);
    INFO(stage.story());
    CHECK_FALSE(stage.broken("no_lost_acknowledged_write"));
    CHECK(stage.allowed("no_lost_acknowledged_write: operator override") == 1);
}

TEST_CASE("and nowhere else") {
    Stage stage = next_to_serve(false);
    CHECK(stage.broken("no_lost_acknowledged_write"));
}

}  // namespace
}  // namespace sunder::netsim::test
