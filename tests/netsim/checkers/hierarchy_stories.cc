// SPDX-License-Identifier: BSD-3-Clause
//
// What can go wrong above a mirror.
#include "tests/netsim/checkers/hierarchy_stories.h"

namespace sunder::netsim::test {

Cluster with_a_database() {
    constexpr ResourceId data{0};
    constexpr ResourceId database{1};
    Cluster cluster = small_cluster();
    cluster.resources = {
        {"data", milliseconds(200), milliseconds(50), milliseconds(100), seconds(1)},
        {"db", milliseconds(50), milliseconds(100), milliseconds(100), seconds(1)}};
    nodes::Hierarchy& above = cluster.mirrors[0].hierarchy;
    above.create({data, nodes::ResourceKind::file_system});
    above.create({database, nodes::ResourceKind::application});
    above.create_dependency({data, {}});
    above.create_dependency({database, data});
    return cluster;
}

Cluster with_a_vote() {
    Cluster cluster = with_a_database();
    cluster.resources[0].stop = milliseconds(300);
    add_node(cluster, "third");
    cluster.quorum.mode = nodes::QuorumMode::majority;
    cluster.quorum.on_loss = nodes::LossAction::leave_service;
    cluster.detection.connection_timeout = seconds(5);
    return cluster;
}

void moved_to_and_fro(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(seconds(2));
    for (NodeId const to : {Stage::server2, Stage::server1}) {
        stage.switch_over(to);
        stage.run_until([&] { return stage.world().usable(to, Stage::group); }, seconds(5));
        stage.work(to, 5, 64, 300);
        stage.run_for(seconds(2));
    }
    stage.end_well();
}

void loses_quorum_on_its_way_out(Stage& stage) {
    World& world = stage.world();
    stage.until_mirroring();
    stage.run_until([&] { return world.usable(Stage::server1, Stage::group); });
    stage.run_for(seconds(2));
    stage.switch_over(Stage::server2);
    stage.run_for(milliseconds(200));
    stage.write(Stage::server1, block(stage.dice.below(64)));
    for (LinkSetup const& link : world.cluster().links) world.cut(link.a, link.b, false);
    stage.look();
    stage.run_for(seconds(25));
    stage.work(Stage::server1, 3, 64, 300);
    for (LinkSetup const& link : world.cluster().links) world.heal(link.a, link.b);
    stage.look();
    stage.end_well();
}

}  // namespace sunder::netsim::test
