// SPDX-License-Identifier: BSD-3-Clause
//
// What happens in each story of a failing disk.
#include "tests/netsim/checkers/disk_stories.h"

namespace sunder::netsim::test {

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

}  // namespace sunder::netsim::test
