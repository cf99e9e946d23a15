// SPDX-License-Identifier: BSD-3-Clause
//
// What happens in each story of a disk.
#include "tests/netsim/checkers/disk_stories.h"

namespace sunder::netsim::test {

namespace {

using replication::HostOp;

}  // namespace

Cluster lender() {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].mode = Mode::asynchronous;
    cluster.mirrors[0].disk_errors = replication::DiskErrors::read_from_target;
    cluster.nodes[1].disk.jitter = milliseconds(3);
    return cluster;
}

void write_and_borrow(Stage& stage) {
    constexpr NodeId source = Stage::server1;
    stage.until_mirroring();
    DiskFaults blind;
    blind.reads = true;
    stage.disk_faults(source, blind);
    for (int i = 0; i < 8; ++i) {
        Extent const where = block(stage.dice.below(8));
        RequestId const write = stage.write(source, where);
        stage.run_until([&] { return stage.acknowledged(write); }, milliseconds(50));
        stage.ask(source, replication::HostOp::read, where);
        stage.run_for(milliseconds(static_cast<std::int64_t>(stage.dice.below(8))));
    }
    stage.run_for(milliseconds(100));
    stage.disk_faults(source, {});
    stage.end_well();
}

Cluster with_fallback() {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].fallback_image = MiB(1);
    cluster.links[0].there.bandwidth = cluster.links[0].back.bandwidth = Bandwidth{20'000'000};
    for (NodeSetup& node : cluster.nodes) node.disk.jitter = milliseconds(3);
    return cluster;
}

void fall_back(Stage& stage) {
    constexpr NodeId old_source = Stage::server1;
    constexpr NodeId next_source = Stage::server2;
    stage.until_mirroring();
    stage.work(old_source, 20, 256, 400);
    stage.run_for(milliseconds(300));
    stage.crash(old_source);
    stage.run_until([&] { return stage.serves(next_source); });
    stage.work(next_source, 40, 256, 400);
    stage.run_for(milliseconds(300));
    stage.restart(old_source);
    stage.run_until([&] { return stage.resyncing(); });
    stage.run_for(milliseconds(150 + static_cast<std::int64_t>(stage.dice.below(200))));
    stage.crash(next_source);
    stage.run_for(seconds(5));
    stage.order(old_source, {nodes::Order::Kind::use_fallback_image});
    stage.run_for(seconds(1));
    stage.force(old_source);
    stage.run_until([&] { return stage.serves(old_source); });
    stage.work(old_source, 3, 256, 400);
    stage.restart(next_source);
    stage.run_for(seconds(3));
    stage.resolve(next_source);
    stage.until_mirroring();
    stage.end_well();
}

void started_with_exchanged_disks(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    for (int i = 0; i < 20; ++i) {
        stage.write(server1, block(stage.dice.below(64)));
        stage.run_for(microseconds(160));
    }
    for (int i = 0; i < 2; ++i) {
        for (NodeId const node : {server1, server2}) {
            if (stage.world().node(node).up()) stage.crash(node);
        }
        stage.world().exchange_disks(server1, server2);
        stage.look();
        for (NodeId const node : {server1, server2}) stage.restart(node);
        stage.run_for(seconds(10));
    }
    stage.end_well();
}

void write_and_flush(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 5, 64, 300);
    stage.write(server1, block(stage.dice.below(100)));
    stage.run_for(milliseconds(2));
    stage.ask(server1, HostOp::flush, {});
    stage.end_well();
}

void flush_fails_once(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.write(server1, block(stage.dice.below(100)));
    stage.run_for(milliseconds(2));
    stage.disk_faults(server1, {.flushes = true});
    stage.ask(server1, HostOp::flush, {});
    stage.run_for(milliseconds(2));
    stage.disk_faults(server1, {});
    stage.ask(server1, HostOp::flush, {});
    stage.end_well();
}

void reads_fail(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.disk_faults(server1, {.reads = true});
    stage.ask(server1, HostOp::read, block(stage.dice.below(100)));
    stage.run_for(milliseconds(2));
    stage.disk_faults(server1, {});
    stage.end_well();
}

void write_fails(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.disk_faults(server1, {.writes = true});
    stage.write(server1, block(stage.dice.below(100)));
    stage.run_for(milliseconds(5));
}

void write_and_trim(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    std::uint64_t const number = stage.dice.below(100);
    stage.write(server1, block(number));
    stage.run_for(milliseconds(2));
    stage.ask(server1, HostOp::trim, {number * 8 + 1, 5});
    stage.run_for(milliseconds(2));
}

}  // namespace sunder::netsim::test
