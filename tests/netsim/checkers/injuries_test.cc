// SPDX-License-Identifier: BSD-3-Clause
//
// Are disks blamed for what they did, and for nothing else?
#include "netsim/checkers/injuries.h"

#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

constexpr NodeId server1 = Stage::server1;
constexpr NodeId server2 = Stage::server2;

Stage played(Cluster const& cluster = small_cluster()) {
    Stage stage(cluster, 1);
    stage.until_mirroring();
    return stage;
}

}  // namespace

TEST_CASE("An injury is a content in a place, and nothing beside it") {
    Stage const stage(small_cluster(), 1);
    World world(std::make_shared<Cluster const>(small_cluster()), 1);
    Injuries injuries;
    CHECK(injuries.none());
    injuries.see(
        world,
        seen::DiskLied{
            server1, Stage::group, DiskLie::lost_write, {{{8, 8}, Payload::pattern(8, 5, 8)}}});
    Injury const* found = injuries.find(Stage::group, 15, {5, 0});
    REQUIRE(found != nullptr);
    CHECK(found->lie == DiskLie::lost_write);
    CHECK(Injuries::name(world, *found, server1) == "lost write on server1");
    CHECK(Injuries::name(world, *found, server2) == "lost write on server1 that spread to server2");
    CHECK(injuries.find(Stage::group, 16, {5, 0}) == nullptr);
    CHECK(injuries.find(Stage::group, 7, {5, 0}) == nullptr);
    CHECK(injuries.find(Stage::group, 8, {6, 0}) == nullptr);
    CHECK(injuries.find(Stage::group, 8, {5, 1}) == nullptr);
    CHECK(injuries.find(GroupId{1}, 8, {5, 0}) == nullptr);
    CHECK_FALSE(injuries.rolled_back());
    injuries.see(world, seen::RolledBack{seen::RolledBack::What::data, server2});
    CHECK_FALSE(injuries.rolled_back());
    injuries.see(world, seen::RolledBack{seen::RolledBack::What::metadata, server2});
    CHECK(injuries.rolled_back() == server2);
}

TEST_CASE("A rotten block is allowed by name wherever it gets, and the rest is judged") {
    Stage stage = played();
    stage.write(server1, block(3));
    stage.run_for(seconds(1));
    stage.world().rot(server1, Stage::group, block(3));
    stage.look();
    stage.ask(server1, replication::HostOp::read, block(3));
    stage.run_for(seconds(1));
    CHECK_FALSE(stage.broken());
    CHECK(stage.allowed("no_lost_acknowledged_write: bit rot on server1") > 0);
    stage.end_well();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
    CHECK(stage.allowed("mirror_equality: bit rot on server1") > 0);
}

TEST_CASE("A copy that holds what its disk never lied about is blamed as ever") {
    Stage stage = played();
    stage.write(server1, block(3));
    stage.write(server1, block(5));
    stage.run_for(seconds(1));
    stage.world().rot(server1, Stage::group, block(3));
    std::vector<Observation> unseen;
    stage.look();
    // A second injury of which nobody outside hears stands for a mistake of the engine.
    stage.world().rot(server1, Stage::group, block(5));
    stage.world().take_observations(unseen);
    stage.ask(server1, replication::HostOp::read, block(3));
    stage.run_for(seconds(1));
    CHECK_FALSE(stage.broken());
    stage.ask(server1, replication::HostOp::read, block(5));
    stage.run_for(seconds(1));
    CHECK(stage.broken("no_lost_acknowledged_write"));
    stage.end_well();
    CHECK(stage.broken("mirror_equality"));
}

TEST_CASE("After metadata was put back, memory is not built on, and everything else is") {
    Stage stage = played();
    NodeSnapshot const before = stage.world().take_snapshot(server2);
    stage.crash(server2);
    stage.run_for(seconds(10));
    stage.write(server1, block(3));
    stage.run_for(seconds(1));
    stage.world().roll_back(server2, before, seen::RolledBack::What::metadata);
    stage.look();
    Findings findings;
    findings.outside_budget("after a rollback");
    findings.violated("no_lost_acknowledged_write", "SAF-1", {}, "");
    CHECK(findings.violations().empty());
    CHECK(findings.allowances().at("no_lost_acknowledged_write: after a rollback") == 1);
    findings.outside_budget(std::nullopt);
    findings.violated("no_lost_acknowledged_write", "SAF-1", {}, "");
    CHECK(findings.violations().size() == 1);
    stage.end_well();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
}

}  // namespace sunder::netsim::test
