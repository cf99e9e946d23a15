// SPDX-License-Identifier: BSD-3-Clause
//
// What happens to the database.
#include "tests/netsim/checkers/volume_stories.h"

#include "netsim/volumes.h"

namespace sunder::netsim::test {

Cluster log_and_data() {
    Cluster cluster = small_cluster();
    MirrorSetup& mirror = cluster.mirrors[0];
    mirror.mode = Mode::asynchronous;
    divide(mirror);
    cluster.settle_interval = seconds(30);
    return cluster;
}

void log_then_data(Stage& stage) {
    constexpr NodeId source = Stage::server1;
    Extent const data = extent_of(stage.world().cluster().mirrors[0], 1);
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    for (std::uint64_t i = 0; i < 4; ++i) {
        // The leg has something to carry when the log is written, and nothing when the data is.
        stage.write(source, {data.first + 512, 8});
        RequestId const log = stage.write(source, {i * 8, 8});
        stage.run_until([&] { return stage.acknowledged(log); });
        stage.run_for(milliseconds(2));
        stage.write(source, {data.first + i * 8, 8});
        stage.run_for(microseconds(static_cast<std::int64_t>(stage.dice.below(2000))));
    }
    stage.crash(source);
    stage.run_until([&] { return stage.serves(Stage::server2); });
}

}  // namespace sunder::netsim::test
