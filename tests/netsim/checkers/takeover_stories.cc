// SPDX-License-Identifier: BSD-3-Clause
//
// What can be forgotten before a takeover.
#include "tests/netsim/checkers/takeover_stories.h"

namespace sunder::netsim::test {

namespace {

constexpr NodeId third{2};

void heal_all(Stage& stage) {
    for (LinkSetup const& link : stage.world().cluster().links) stage.world().heal(link.a, link.b);
    stage.look();
    stage.run_for(seconds(30));
    stage.finish();
}

void cut(Stage& stage, NodeId a, NodeId b) {
    stage.world().cut(a.value, b.value, false);
    stage.look();
}

Cluster with_a_third() {
    Cluster cluster = small_cluster();
    add_node(cluster, "third");
    cluster.quorum.mode = nodes::QuorumMode::majority;
    cluster.quorum.on_loss = nodes::LossAction::leave_service;
    return cluster;
}

}  // namespace

Cluster witnessed() { return with_a_third(); }

Cluster tied() {
    Cluster cluster = with_a_third();
    cluster.quorum.tie_breakers = {third};
    cluster.quorum.ask_witnesses = false;
    return cluster;
}

Cluster confirmed() {
    Cluster cluster = small_cluster();
    cluster.confirm.pairs = {{server1, server2}};
    cluster.confirm.timeout = seconds(20);
    return cluster;
}

Cluster fenced() {
    Cluster cluster = small_cluster();
    cluster.fencing.emplace();
    cluster.fencing->takes = seconds(1);
    return cluster;
}

Cluster for_ever() {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].never_in_service = {false, true};
    return cluster;
}

Cluster lagging_favourite() {
    Cluster cluster = fenced();
    add_node(cluster, "third");
    cluster.policy.guarded = true;
    MirrorSetup& mirror = cluster.mirrors[0];
    mirror.on.push_back(third);
    mirror.priority = {1, 3, 2};
    mirror.pairs = {{0, 2, Mode::asynchronous}, {1, 2, Mode::asynchronous}};
    return cluster;
}

void written_past_the_favourite(Stage& stage) {
    GroupId const group = Stage::group;
    stage.run_until([&] {
        auto const& source = *stage.world().copy(server1, group)->machine;
        auto const mirrors = [&](std::uint8_t peer) {
            return replication::state_of(source.leg(replication::Slot{peer})) ==
                   replication::LegState::mirroring;
        };
        return mirrors(1) && mirrors(2);
    });
    cut(stage, server1, third);
    RequestId const write = stage.write(server1, block(3));
    stage.run_until([&] { return stage.acknowledged(write); }, milliseconds(50));
    stage.power_cut(server1);
    heal_all(stage);
}

void dies_before_a_target_for_ever(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 10, 64, 300);
    stage.crash(server1);
    stage.run_for(seconds(20));
    stage.force(server2);
    stage.end_well();
}

void target_cut_off(Stage& stage) {
    stage.until_mirroring();
    cut(stage, server2, server1);
    cut(stage, server2, third);
    stage.run_for(seconds(20));
    heal_all(stage);
}

void parted_before_a_witness(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(seconds(5));
    cut(stage, server1, server2);
    stage.run_for(seconds(20));
    heal_all(stage);
}

void tie_breaker_found_again(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(seconds(5));
    cut(stage, server2, server1);
    cut(stage, server2, third);
    stage.run_for(seconds(20));
    stage.world().heal(server2.value, third.value);
    stage.look();
    stage.run_for(seconds(20));
    heal_all(stage);
}

void dies_unconfirmed(Stage& stage) {
    stage.until_mirroring();
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.run_for(seconds(1));
    stage.restart(server1);
    heal_all(stage);
}

void shot_that_misses(Stage& stage) {
    stage.until_mirroring();
    stage.world().set_fencing(server1, false);
    stage.world().set_fencing(server2, false);
    stage.look();
    cut(stage, server1, server2);
    stage.run_for(seconds(20));
    heal_all(stage);
}

}  // namespace sunder::netsim::test
