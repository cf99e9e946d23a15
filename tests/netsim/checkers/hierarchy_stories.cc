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

}  // namespace sunder::netsim::test
