// SPDX-License-Identifier: BSD-3-Clause
//
// Are disks blamed for what they did, and for nothing else?
#include "netsim/checkers/injuries.h"

#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

Stage played(Cluster const& cluster = small_cluster()) {
    Stage stage(cluster, 1);
    stage.until_mirroring();
    return stage;
}

}  // namespace

TEST_CASE("An injury is a content in a place of a copy, and nothing beside it") {
    World const world(std::make_shared<Cluster const>(small_cluster()), 1);
    Injuries injuries;
    CHECK(injuries.none());
    injuries.see(
        world,
        seen::DiskLied{
            server1, Stage::group, DiskLie::lost_write, {{{8, 8}, Payload::pattern(8, 5, 8)}}});
    auto const at = [](NodeId node, std::uint64_t sector) {
        return Injuries::Place{Stage::group, node, sector};
    };
    Injury const* found = injuries.on_disk(at(server1, 15), {5, 0});
    REQUIRE(found != nullptr);
    CHECK(found->lie == DiskLie::lost_write);
    CHECK(Injuries::name(world, *found, server1) == "lost write on server1");
    CHECK(Injuries::name(world, *found, server2) == "lost write on server1 that spread to server2");
    CHECK(injuries.count("a", *found, server1));
    CHECK_FALSE(injuries.count("a", *found, server1));
    CHECK(injuries.count("a", *found, server2));
    CHECK(injuries.count("b", *found, server1));
    CHECK(injuries.on_disk(at(server1, 16), {5, 0}) == nullptr);
    CHECK(injuries.on_disk(at(server1, 7), {5, 0}) == nullptr);
    CHECK(injuries.on_disk(at(server1, 8), {6, 0}) == nullptr);
    CHECK(injuries.on_disk(at(server1, 8), {5, 1}) == nullptr);
    CHECK(injuries.on_disk(at(server2, 8), {5, 0}) == nullptr);
    CHECK(injuries.on_disk({GroupId{1}, server1, 8}, {5, 0}) == nullptr);
}

TEST_CASE("What was only read wrong explains an answer, and no disk") {
    World const world(std::make_shared<Cluster const>(small_cluster()), 1);
    Injuries injuries;
    injuries.see(
        world,
        seen::DiskLied{
            server1, Stage::group, DiskLie::stale_read, {{{8, 8}, Payload::pattern(8, 5, 8)}}});
    Injuries::Place const here{Stage::group, server1, 8};
    CHECK(injuries.in_answer(here, {5, 0}) != nullptr);
    CHECK(injuries.on_disk(here, {5, 0}) == nullptr);
    CHECK(injuries.in_answer({Stage::group, server2, 8}, {5, 0}) == nullptr);
    // A target that lends its block answers for the source, once.
    injuries.see(world, seen::MirrorNoted{server2, Stage::group,
                                          replication::note::ReadFromTarget{replication::Slot{0}}});
    injuries.see(world, seen::HostAnswered{});
    CHECK(injuries.in_answer({Stage::group, server2, 8}, {5, 0}) != nullptr);
    injuries.see(world, seen::AlarmRang{});
    CHECK(injuries.in_answer({Stage::group, server2, 8}, {5, 0}) == nullptr);
    injuries.see(world, seen::DiskWritten{server1, Stage::group, {8, 4}});
    CHECK(injuries.in_answer(here, {5, 0}) == nullptr);
    CHECK(injuries.in_answer({Stage::group, server1, 12}, {5, 0}) != nullptr);
}

TEST_CASE("An injury goes where a resync takes it") {
    World world(std::make_shared<Cluster const>(small_cluster()), 1);
    world.rot(server2, Stage::group, {8, 8});
    Content const content = world.copy(server2, Stage::group)->disk->image().at(8);
    Injuries injuries;
    injuries.see(world, seen::DiskLied{server1,
                                       Stage::group,
                                       DiskLie::old_data,
                                       {{{8, 8}, Payload::pattern(8, content.id, 8)}}});
    auto const on = [&](NodeId node, std::uint64_t sector) {
        return injuries.on_disk({Stage::group, node, sector}, content) != nullptr;
    };
    // That the other disk holds the same is nobody's doing but the engine's.
    injuries.see(world, seen::DiskWritten{server2, Stage::group, {8, 8}});
    CHECK_FALSE(on(server2, 8));
    using Kind = replication::RecordKind;
    injuries.see(world, seen::RecordSent{server1, Stage::group, Kind::write, 1, {8, 8}, 0});
    injuries.see(world, seen::DiskWritten{server2, Stage::group, {8, 8}});
    CHECK_FALSE(on(server2, 8));
    injuries.see(world, seen::RecordSent{server1, Stage::group, Kind::resync, 1, {0, 12}, 0});
    CHECK_FALSE(on(server2, 8));
    injuries.see(world, seen::DiskWritten{server2, Stage::group, {0, 12}});
    CHECK(on(server2, 8));
    CHECK(on(server2, 11));
    CHECK_FALSE(on(server2, 12));
    // Another record, which is done as its target dies.
    injuries.see(world, seen::RecordSent{server1, Stage::group, Kind::resync, 1, {12, 4}, 0});
    injuries.see(world, seen::NodeDied{seen::NodeDied::How::crash, server2, {}});
    CHECK(on(server2, 12));
}

TEST_CASE("An injury ends where it is written over, and a power cut brings it back") {
    World world(std::make_shared<Cluster const>(small_cluster()), 1);
    Injuries injuries;
    world.rot(server1, Stage::group, {8, 8});
    Content const content = world.copy(server1, Stage::group)->disk->image().at(8);
    std::vector<Observation> seen;
    world.take_observations(seen);
    for (Observation const& one : seen) injuries.see(world, one);
    auto const on = [&](std::uint64_t sector) {
        return injuries.on_disk({Stage::group, server1, sector}, content) != nullptr;
    };
    CHECK(on(10));
    injuries.see(world, seen::DiskWritten{server1, Stage::group, {10, 2}});
    CHECK(on(9));
    CHECK_FALSE(on(10));
    CHECK_FALSE(on(11));
    CHECK(on(12));
    injuries.see(world, seen::NodeDied{seen::NodeDied::How::power_cut, server1, {}});
    CHECK(on(10));
    CHECK(on(11));
    // The write that was lost is no write.
    injuries.see(world, seen::DiskLied{server1,
                                       Stage::group,
                                       DiskLie::lost_write,
                                       {{{8, 8}, Payload::pattern(8, content.id, 8)}}});
    injuries.see(world, seen::DiskWritten{server1, Stage::group, {8, 8}});
    CHECK(on(8));
    injuries.see(world, seen::DiskWritten{server1, Stage::group, {8, 8}});
    CHECK_FALSE(on(8));
    // Somebody puts an image on the disk that was taken before.
    injuries.see(world, seen::ImageWritten{server1, Stage::group});
    CHECK(on(8));
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
    stage.ask(server1, replication::HostOp::read, block(3));
    stage.run_for(seconds(1));
    CHECK(stage.allowed("no_lost_acknowledged_write: bit rot on server1") == 1);
    stage.end_well();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
    CHECK(stage.allowed("mirror_equality: bit rot on server1") == 1);
}

TEST_CASE("What is rotten and gets to another copy by a resync is named there") {
    Stage stage = played();
    stage.write(server1, block(3));
    stage.run_for(seconds(1));
    stage.world().rot(server1, Stage::group, block(3));
    stage.look();
    stage.crash(server2);
    stage.run_for(seconds(1));
    stage.write(server1, block(4));  // in the same chunk
    stage.run_for(seconds(1));
    std::string const spread =
        "corruption_does_not_spread: bit rot on server1 that spread to server2";
    CHECK(stage.allowed(spread) == 0);
    stage.restart(server2);
    REQUIRE(stage.run_until([&] { return stage.mirroring(); }));
    CHECK(stage.allowed(spread) == 1);
    stage.end_well();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
}

TEST_CASE("What was rotten before anybody wrote there is not what the mirror held") {
    Stage stage = played();
    stage.world().rot(server1, Stage::group, block(3));
    stage.look();
    stage.cut();
    stage.write(server1, block(3));
    stage.run_for(microseconds(50));
    stage.crash(server1);
    REQUIRE(stage.run_until([&] { return stage.serves(server2); }));
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
    stage.end_well();
    CHECK_FALSE(stage.broken());
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

}  // namespace sunder::netsim::test
