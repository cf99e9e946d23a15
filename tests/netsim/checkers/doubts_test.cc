// SPDX-License-Identifier: BSD-3-Clause
//
// Does a memory that was put back (FLT-5) excuse what it explains, where and while it explains it,
// and nothing else? A mistake of the engine is stood for by rot of which nobody outside hears.
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

constexpr GroupId other{1};
constexpr auto metadata = seen::RolledBack::What::metadata;

Stage played(Cluster const& cluster = small_cluster()) {
    Stage stage(cluster, 1);
    REQUIRE(stage.until_mirroring());
    for (std::uint64_t i = 0; i < 8; ++i) stage.write(server1, block(i * 16));
    stage.run_for(seconds(1));
    return stage;
}

/// Two mirrors: the second has nothing to do with server 2.
Cluster two_mirrors() {
    Cluster cluster = small_cluster();
    MirrorSetup second = cluster.mirrors[0];
    second.name = "other";
    second.on = {server1, add_node(cluster, "server3")};
    cluster.mirrors.push_back(second);
    return cluster;
}

void mistake(Stage& stage, NodeId node, Extent where, GroupId group = Stage::group) {
    std::vector<Observation> unseen;
    stage.look();
    stage.world().rot(node, group, where);
    stage.world().take_observations(unseen);
}

void put_back(Stage& stage, NodeId node, NodeSnapshot const& snapshot) {
    stage.world().roll_back(node, snapshot, metadata);
    stage.look();
}

/// The target, which is down, remembers nothing of writes that it missed.
void forget_being_away(Stage& stage) {
    NodeSnapshot const before = stage.world().take_snapshot(server2);
    stage.crash(server2);
    stage.run_for(seconds(10));
    stage.write(server1, block(3));
    stage.run_for(seconds(1));
    put_back(stage, server2, before);
}

/// The source has written alone, and remembers nothing of it.
void forget_lonely_writes(Stage& stage) {
    NodeSnapshot const before = stage.world().take_snapshot(server1);
    stage.crash(server2);
    stage.run_for(seconds(10));
    stage.write(server1, block(3));
    stage.run_for(seconds(1));
    stage.crash(server1);
    put_back(stage, server1, before);
    stage.restart(server1);
    stage.restart(server2);
}

}  // namespace

TEST_CASE("What a copy differs in, and no log says, is laid to the memory that was put back") {
    Stage stage = played();
    forget_lonely_writes(stage);
    stage.end_well();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
    CHECK(stage.allowed("mirror_equality: after the metadata of server1 was put back") == 1);
}

TEST_CASE("A copy that was brought up to date from a sound memory excuses nothing") {
    Stage stage = played();
    forget_being_away(stage);
    stage.restart(server2);
    REQUIRE(stage.until_mirroring());
    mistake(stage, server2, block(100));
    stage.end_well();
    CHECK(stage.broken("mirror_equality"));
    CHECK(stage.allowed("mirror_equality: after the metadata of server2 was put back") == 0);
}

TEST_CASE("A mistake before a copy is up to date again may be its memory's") {
    Stage stage = played();
    forget_being_away(stage);
    mistake(stage, server2, block(100));
    stage.restart(server2);
    stage.end_well();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
    CHECK(stage.allowed("mirror_equality: after the metadata of server2 was put back") == 1);
}

TEST_CASE("When everything was copied from the memory that is in doubt, the doubt ends") {
    Stage stage = played();
    forget_lonely_writes(stage);
    REQUIRE(stage.until_mirroring());
    stage.order(server1, nodes::Order{nodes::Order::Kind::set_intent_log});
    stage.run_for(seconds(10));
    REQUIRE(stage.mirroring());
    mistake(stage, server2, block(100));
    stage.end_well();
    CHECK(stage.broken("mirror_equality"));
}

TEST_CASE("Blank disks excuse nothing, whether or not there is another copy") {
    for (bool const alone : {false, true}) {
        Stage stage = played();
        if (alone) {
            nodes::Extension edit;
            edit.kind = nodes::Extension::Kind::unextend;
            edit.server = server2;
            stage.world().edit_extension(server1, Stage::group, edit);
            stage.run_for(seconds(5));
        }
        NodeId const replaced = alone ? server1 : server2;
        stage.crash(replaced);
        stage.run_for(seconds(10));
        stage.world().replace_disks(replaced);
        stage.look();
        stage.restart(replaced);
        stage.run_for(seconds(30));
        INFO(stage.story());
        CHECK_FALSE(stage.broken());
        if (alone) {
            CHECK_FALSE(stage.serves(server1));
            CHECK(stage.world().node(server1).machine->last_rule(0)->name == "only_copy_is_blank");
            stage.force(server1);
            stage.run_for(seconds(1));
            CHECK(stage.serves(server1));
            CHECK(stage.allowed("no_lost_acknowledged_write: operator override") == 8);
        } else {
            mistake(stage, server2, block(100));
        }
        stage.end_well();
        CHECK(stage.broken("mirror_equality") != alone);
    }
}

TEST_CASE("A memory that was put back in one mirror excuses nothing in another") {
    Stage stage = played(two_mirrors());
    NodeSnapshot const before = stage.world().take_snapshot(server2);
    stage.crash(server2);
    put_back(stage, server2, before);
    mistake(stage, server3, block(100), other);
    stage.run_for(seconds(10));
    stage.finish();
    CHECK(stage.broken("mirror_equality"));
}

}  // namespace sunder::netsim::test
