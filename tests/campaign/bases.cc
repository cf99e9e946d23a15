// SPDX-License-Identifier: BSD-3-Clause
//
// Clusters for campaigns.
#include "tests/campaign/bases.h"

#include "tests/netsim/checkers/stage.h"

namespace sunder::campaign::test {

using language::Scenario;
using netsim::Mode;

Scenario based_on(netsim::Cluster cluster) {
    Scenario made;
    made.path = "base.yaml";
    made.title = "A cluster for campaigns";
    made.cluster = std::move(cluster);
    language::Workload work;
    work.rate = Rate{100};
    made.workload = {work};
    return made;
}

Scenario two_nodes(Mode mode) {
    Scenario made = based_on(netsim::test::small_cluster());
    made.cluster.mirrors[0].mode = mode;
    return made;
}

Scenario three_nodes() {
    Scenario made = two_nodes();
    NodeId const third = netsim::test::add_node(made.cluster, "server3");
    netsim::MirrorSetup& mirror = made.cluster.mirrors[0];
    mirror.on.push_back(third);
    mirror.priority = {1, 2, 3};
    mirror.pairs = {{0, 2, Mode::asynchronous}, {1, 2, Mode::asynchronous}};
    return made;
}

Scenario hasty() {
    Scenario made = two_nodes(Mode::asynchronous);
    made.cluster.detection.interval = milliseconds(2);
    made.cluster.detection.missed = 1;
    return made;
}

Scenario distant() {
    Scenario made = two_nodes();
    for (netsim::LinkSetup& link : made.cluster.links)
        link.there.latency = link.back.latency = milliseconds(5);
    return made;
}

Scenario crawling() {
    Scenario made = two_nodes();
    made.cluster.nodes[0].disk.latency = milliseconds(300);
    return made;
}

Scenario on_a_shared_disk() {
    Scenario made = two_nodes();
    netsim::Cluster& cluster = made.cluster;
    cluster.links.clear();
    for (std::uint8_t n = 0; n < 2; ++n) {
        NodeId const server{static_cast<std::uint8_t>(2 + n)};
        cluster.nodes.push_back({n == 0 ? "near" : "partner", {}, true, false, {}});
        cluster.nodes[0].shared_by.push_back(server);
        for (std::uint8_t other = 1; other < server.value; ++other) {
            cluster.links.push_back({other, server.value, {}, {}});
        }
    }
    return made;
}

Scenario operated() {
    Scenario made = two_nodes();
    netsim::ConfirmSetup& confirm = made.cluster.confirm;
    confirm.pairs = {{NodeId{0}, NodeId{1}}, {NodeId{1}, NodeId{0}}};
    confirm.timeout = seconds(20);
    constexpr ResourceId data{0};
    constexpr ResourceId database{1};
    constexpr ResourceId web{2};
    using Edit = nodes::HierarchyEdit;
    made.cluster.resources = {{"data"}, {"db"}, {"web"}};
    made.cluster.resources[2].creation =
        Edit{Edit::Kind::create, {web, nodes::ResourceKind::application}, {{web, data}}};
    nodes::Hierarchy& above = made.cluster.mirrors[0].hierarchy;
    above.create({data, nodes::ResourceKind::file_system});
    above.create({database, nodes::ResourceKind::application});
    above.create_dependency({data, {}});
    above.create_dependency({database, data});
    return made;
}

Scenario with_volumes() {
    Scenario made = two_nodes(Mode::asynchronous);
    netsim::MirrorSetup& mirror = made.cluster.mirrors[0];
    mirror.volumes = {{"log", mirror.sectors / 4}, {"data", mirror.sectors - mirror.sectors / 4}};
    return made;
}

}  // namespace sunder::campaign::test
