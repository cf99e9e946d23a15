// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator's word may cost is what was acknowledged before it, and nothing of later. A
// mistake of the engine is stood for by rot of which nobody outside hears.
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

}  // namespace
}  // namespace sunder::netsim::test
