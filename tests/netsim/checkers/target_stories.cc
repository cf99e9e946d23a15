// SPDX-License-Identifier: BSD-3-Clause
//
// What two targets of one source can go wrong by.
#include "tests/netsim/checkers/target_stories.h"

#include <algorithm>

namespace sunder::netsim::test {

namespace {

using replication::Slot;
namespace leg = replication::leg;

constexpr NodeId all[] = {server1, server2, server3};

/// The node has it in service, and all others that run are its targets in sync.
bool leads(Stage& stage, NodeId node) {
    if (!stage.serves(node)) return false;
    return std::ranges::all_of(all, [&](NodeId other) {
        if (other == node || !stage.world().node(other).up()) return true;
        auto const& machine = *stage.world().copy(node, Stage::group)->machine;
        return std::holds_alternative<leg::Mirroring>(machine.leg(Slot{other.value}));
    });
}

bool until_leads(Stage& stage, NodeId node) {
    return stage.run_until([&] { return leads(stage, node); });
}

void all_come_back(Stage& stage) {
    for (NodeId const a : all) {
        for (NodeId const b : all) {
            if (a < b) stage.world().heal(a.value, b.value);
        }
    }
    stage.look();
    for (NodeId const node : all) {
        if (!stage.world().node(node).up()) stage.restart(node);
    }
    stage.run_for(seconds(25));
    stage.finish();
}

}  // namespace

Cluster three() {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].on.push_back(add_node(cluster, "server3"));
    cluster.mirrors[0].priority.push_back(3);
    return cluster;
}

Cluster three_patient() {
    Cluster cluster = three();
    cluster.detection.interval = seconds(1);
    return cluster;
}

Cluster three_distant() {
    Cluster cluster = three();
    for (LinkSetup& link : cluster.links) link.there.latency = link.back.latency = milliseconds(5);
    return cluster;
}

/// Writes that server2 gets and server3 does not, until the source dies.
static void written_past_server3(Stage& stage, Duration before_it_dies) {
    until_leads(stage, server1);
    stage.run_for(milliseconds(500));
    stage.world().cut(server1.value, server3.value, false);
    stage.look();
    for (int i = 0; i < 5; ++i) {
        stage.write(server1, block(stage.dice.below(64)));
        stage.run_for(microseconds(150));
    }
    stage.run_for(before_it_dies);
    stage.crash(server1);
    until_leads(stage, server2);
    stage.run_for(seconds(1));
    all_come_back(stage);
}

void leaves_and_joins(Stage& stage) {
    using Kind = nodes::Extension::Kind;
    until_leads(stage, server1);
    stage.run_for(milliseconds(500));
    stage.world().edit_extension(server1, Stage::group, {Kind::unextend, server3, {}});
    stage.look();
    stage.run_for(seconds(1));
    for (int i = 0; i < 5; ++i) {
        stage.write(server1, block(stage.dice.below(64)));
        stage.run_for(milliseconds(1));
    }
    stage.world().edit_extension(server1, Stage::group, {Kind::extend, server3, {}});
    stage.look();
    all_come_back(stage);
}

void targets_apart(Stage& stage) { written_past_server3(stage, milliseconds(1)); }

void favourite_left_behind(Stage& stage) {
    until_leads(stage, server1);
    stage.world().cut(server1.value, server2.value, false);
    stage.look();
    stage.run_for(milliseconds(600));
    for (int i = 0; i < 5; ++i) {
        stage.write(server1, block(stage.dice.below(64)));
        stage.run_for(milliseconds(2));
    }
    stage.run_for(milliseconds(1200));
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2) || stage.serves(server3); });
    stage.run_for(seconds(5));
    all_come_back(stage);
}

void outbid_behind_its_back(Stage& stage) {
    until_leads(stage, server1);
    stage.run_for(milliseconds(300));
    stage.world().cut(server1.value, server2.value, false);
    stage.look();
    for (int i = 0; i < 20; ++i) {
        if (stage.serves(server1)) stage.write(server1, block(stage.dice.below(64)));
        stage.run_for(milliseconds(50));
    }
    stage.force(server2);
    for (int i = 0; i < 40; ++i) {
        if (stage.serves(server1)) stage.write(server1, block(stage.dice.below(64)));
        stage.run_for(microseconds(50 + static_cast<std::int64_t>(stage.dice.below(100))));
    }
    stage.run_for(seconds(5));
    all_come_back(stage);
}

void only_disk_replaced(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 5, 64, 300);
    stage.run_for(milliseconds(300));
    stage.world().edit_extension(server1, Stage::group,
                                 {nodes::Extension::Kind::unextend, server2, {}});
    stage.look();
    stage.run_for(seconds(1));
    stage.write(server1, block(stage.dice.below(64)));
    stage.run_for(milliseconds(300));
    stage.crash(server1);
    stage.world().replace_disks(server1);
    stage.look();
    stage.restart(server1);
    stage.run_for(seconds(5));
    stage.end_well();
}

void dies_beside_a_hung_disk(Stage& stage) {
    until_leads(stage, server1);
    stage.run_for(milliseconds(300));
    stage.disk_faults(server3, {.hangs = true});
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.run_for(seconds(1));
    stage.disk_faults(server3, {});
    all_come_back(stage);
}

void dies_before_its_era_is_stored(Stage& stage) {
    until_leads(stage, server1);
    stage.run_for(milliseconds(300));
    Extent const where = block(stage.dice.below(64));
    stage.world().cut(server1.value, server3.value, false);
    stage.look();
    stage.write(server1, where);
    stage.run_for(milliseconds(8));
    stage.disk_faults(server3, {.hangs = true});
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
    if (stage.serves(server2)) stage.ask(server2, replication::HostOp::read, where);
    stage.run_for(milliseconds(2));
    stage.world().cut(server2.value, server3.value, false);
    stage.look();
    stage.crash(server2);
    stage.run_for(seconds(3));
    stage.disk_faults(server3, {});
    stage.run_for(seconds(3));
    if (stage.serves(server3)) stage.ask(server3, replication::HostOp::read, where);
    stage.run_for(milliseconds(100));
    all_come_back(stage);
}

void resynchronised_behind_a_third(Stage& stage) {
    until_leads(stage, server1);
    stage.run_for(milliseconds(500));
    stage.crash(server2);
    stage.crash(server3);
    stage.work(server1, 10, 64, 300);
    stage.run_for(seconds(1));
    stage.restart(server2);
    stage.run_until([&] { return stage.resyncing(); });
    until_leads(stage, server1);
    stage.run_for(seconds(1));
    stage.crash(server1);
    until_leads(stage, server2);
    all_come_back(stage);
}

void settled_too_soon(Stage& stage) {
    // Bits are cleared every 100 ms, and a connection that stalls is given up after 400.
    written_past_server3(stage,
                         milliseconds(150 + static_cast<std::int64_t>(stage.dice.below(150))));
}

}  // namespace sunder::netsim::test
