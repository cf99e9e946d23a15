// SPDX-License-Identifier: BSD-3-Clause
//
// What others make of a copy that is a target for ever: its silence keeps nobody waiting, and it
// keeps no other copy from taking over.
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

Cluster pair_with_store(bool guarded) {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].never_in_service = {false, true};
    cluster.policy.guarded = guarded;
    return cluster;
}

void end_unbroken(Stage& stage) {
    stage.end_well();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
}

}  // namespace

TEST_CASE("a guarded source needs no word of a target for ever, living or dead") {
    Stage stage(pair_with_store(true), 1);
    REQUIRE(stage.until_mirroring());
    SECTION("dead") { stage.crash(server2); }
    SECTION("cut off") { stage.cut(); }
    RequestId const write = stage.write(server1, block(3));
    CHECK(stage.run_until([&] { return stage.acknowledged(write); }));
    // As often as it is lost.
    stage.heal();
    if (!stage.world().node(server2).up()) stage.restart(server2);
    REQUIRE(stage.until_mirroring());
    stage.crash(server2);
    RequestId const another = stage.write(server1, block(4));
    CHECK(stage.run_until([&] { return stage.acknowledged(another); }));
    // And after a boot of its own.
    stage.crash(server1);
    stage.restart(server1);
    REQUIRE(stage.run_until([&] { return stage.serves(server1); }));
    RequestId const third = stage.write(server1, block(5));
    CHECK(stage.run_until([&] { return stage.acknowledged(third); }));
    end_unbroken(stage);
}

TEST_CASE("without a target for ever the same guarded source would wait") {
    Cluster cluster = pair_with_store(true);
    cluster.mirrors[0].never_in_service.clear();
    Stage stage(cluster, 1);
    REQUIRE(stage.until_mirroring());
    stage.crash(server2);
    RequestId const write = stage.write(server1, block(3));
    CHECK_FALSE(stage.run_until([&] { return stage.acknowledged(write); }));
    end_unbroken(stage);
}

TEST_CASE("a source that boots alone asks no target for ever whether it took over") {
    Stage stage(pair_with_store(false), 1);
    REQUIRE(stage.until_mirroring());
    stage.work(server1, 10, 64, 300);
    stage.crash(server2);
    stage.crash(server1);
    stage.restart(server1);
    CHECK(stage.run_until([&] { return stage.serves(server1); }));
    stage.work(server1, 10, 64, 300);
    end_unbroken(stage);
    CHECK(stage.mirroring());
}

TEST_CASE("a target for ever of the highest priority keeps no other copy from taking over") {
    Cluster cluster = small_cluster();
    NodeId const third = add_node(cluster, "third");
    MirrorSetup& mirror = cluster.mirrors[0];
    mirror.on.push_back(third);
    mirror.priority = {2, 1, 3};
    mirror.never_in_service = {false, true, false};
    Stage stage(cluster, 1);
    stage.run_for(seconds(20));
    REQUIRE(stage.serves(server1));
    stage.work(server1, 20, 64, 300);
    stage.switch_over(server2);
    stage.run_for(seconds(10));
    CHECK(stage.serves(server1));
    stage.crash(server1);
    CHECK(stage.run_until([&] { return stage.serves(third); }));
    stage.force(server2);
    stage.run_for(seconds(10));
    CHECK_FALSE(stage.serves(server2));
    end_unbroken(stage);
}

}  // namespace sunder::netsim::test
