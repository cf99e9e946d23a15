// SPDX-License-Identifier: BSD-3-Clause
//
// What can go wrong in a resync.
#include "tests/netsim/checkers/resync_stories.h"

namespace sunder::netsim::test {

namespace {}  // namespace

Cluster hesitant() {
    Cluster cluster = small_cluster();
    for (NodeSetup& node : cluster.nodes) {
        node.disk.bandwidth = Bandwidth{400'000'000};
        node.disk.jitter = milliseconds(3);
    }
    return cluster;
}

Cluster sluggish() {
    Cluster cluster = hesitant();
    cluster.links[0].there.bandwidth = Bandwidth{20'000'000};
    return cluster;
}

Cluster laggard() {
    Cluster cluster = small_cluster();
    cluster.nodes[0].disk.latency = milliseconds(50);
    return cluster;
}

Cluster roomy() {
    Cluster cluster = small_cluster();
    MirrorSetup& mirror = cluster.mirrors[0];
    mirror.sectors -= 8;
    mirror.sectors_on = {mirror.sectors, mirror.sectors + MiB(1).bytes / sector_bytes};
    return cluster;
}

void work_during_resync(Stage& stage) {
    stage.until_mirroring();
    stage.crash(server2);
    stage.work(server1, 40, 256, 400);
    stage.run_for(milliseconds(600));
    stage.restart(server2);
    stage.run_until([&] { return stage.resyncing(); });
    stage.work(server1, 60, 256, 1500);
    stage.until_mirroring();
    stage.work(server1, 5, 64, 500);
    stage.end_well();
}

void long_runs(Stage& stage) {
    stage.until_mirroring();
    stage.crash(server2);
    for (std::uint64_t i = 0; i < 8; ++i) {
        stage.write(server1, {stage.dice.below(8) * 256, 256});
        stage.run_for(milliseconds(2));
    }
    stage.restart(server2);
    stage.run_until([&] { return stage.resyncing(); });
    stage.until_mirroring();
    stage.end_well();
}

void resync_of_bad_medium(Stage& stage) {
    stage.until_mirroring();
    constexpr std::uint64_t chunk = KiB(64).bytes / sector_bytes;
    Extent const where{stage.dice.below(16) * chunk, chunk};
    auto const zero = [&] {
        RequestId const asked = stage.ask(server1, replication::HostOp::write_zeroes, where);
        stage.run_until([&] { return stage.acknowledged(asked); });
    };
    zero();
    stage.run_for(seconds(1));
    stage.crash(server2);
    stage.run_for(seconds(5));
    zero();
    DiskTrap trap;
    trap.reads = true;
    trap.range = where;
    trap.count = 0;
    stage.world().lay_trap(server1, Stage::group, trap);
    stage.look();
    stage.restart(server2);
    stage.run_for(seconds(10));
    stage.disk_faults(server1, {});
    stage.end_well();
}

void first_resync(Stage& stage) {
    stage.run_until([&] { return stage.mirroring() || stage.broken(); });
    // A target that is done too early confuses its source about what is still on the way.
    if (!stage.broken()) stage.end_well();
}

void overwrites_in_resync(Stage& stage) {
    stage.run_until([&] { return stage.serves(server1); });
    std::vector<RequestId> pending;
    Duration const until = stage.world().now() + seconds(20);
    while (!stage.mirroring() && !stage.broken() && stage.world().now() < until) {
        std::erase_if(pending, [&](RequestId one) { return stage.acknowledged(one); });
        while (pending.size() < 4) pending.push_back(stage.write(server1, block(3)));
        stage.run_for(milliseconds(5 + static_cast<std::int64_t>(stage.dice.below(10))));
    }
    stage.end_well();
}

void broken_resync(Stage& stage) {
    stage.until_mirroring();
    stage.crash(server2);
    for (std::uint64_t i = 0; i < 6; ++i) {
        stage.write(server1, {i * 256, 256});
        stage.run_for(milliseconds(5));
    }
    stage.restart(server2);
    stage.run_until([&] { return stage.resyncing(); });
    stage.run_for(milliseconds(1 + static_cast<std::int64_t>(stage.dice.below(60))));
    stage.reset();
    stage.run_for(milliseconds(60 + static_cast<std::int64_t>(stage.dice.below(100))));
    stage.power_cut(server1);
    stage.run_for(seconds(3));
    stage.end_well();
}

void flaps_after_progress(Stage& stage) {
    auto const left = [&] {
        auto const& machine = stage.world().copy(server1, Stage::group)->machine;
        return machine->log().bits(replication::Slot{1}).count();
    };
    stage.run_until([&] { return stage.resyncing(); });
    std::uint64_t const whole = left();
    stage.run_until([&] { return left() < whole; });
    for (int i = 0; i < 2 && !stage.mirroring(); ++i) {
        stage.run_for(milliseconds(static_cast<std::int64_t>(stage.dice.below(40))));
        stage.reset();
        stage.run_until([&] { return stage.resyncing() || stage.mirroring(); });
    }
    stage.until_mirroring();
    stage.end_well();
}

void source_dies_in_resync(Stage& stage) {
    stage.until_mirroring();
    stage.crash(server2);
    stage.work(server1, 30, 256, 400);
    stage.run_for(milliseconds(10));
    stage.restart(server2);
    stage.run_until([&] { return stage.resyncing(); });
    stage.run_for(milliseconds(static_cast<std::int64_t>(stage.dice.below(30))));
    stage.crash(server1);
    stage.run_for(seconds(4));
    stage.end_well();
}

}  // namespace sunder::netsim::test
