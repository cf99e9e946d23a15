// SPDX-License-Identifier: BSD-3-Clause
//
// What happens in each story of a pause.
#include "tests/netsim/checkers/pause_stories.h"

namespace sunder::netsim::test {

namespace {

constexpr nodes::Order pause_it{nodes::Order::Kind::pause};
constexpr nodes::Order resume_it{nodes::Order::Kind::resume};

void pause_mirror(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 6, 64, 200);
    stage.run_for(milliseconds(50));  // a write under way would be missed by the target
    stage.order(server1, pause_it);
    stage.run_until([&] { return stage.leg(server2) == replication::LegState::paused; });
}

}  // namespace

void both_sides_of_a_pause(Stage& stage) {
    pause_mirror(stage);
    for (int i = 0; i < 4; ++i) {
        stage.work(server1, 2, 64, 300);
        stage.write(server2, block(stage.dice.below(200)));
        stage.run_for(milliseconds(static_cast<std::int64_t>(stage.dice.below(20))));
    }
    stage.run_for(milliseconds(50));
    stage.order(server1, resume_it);
    stage.until_mirroring();
    stage.work(server1, 4, 64, 300);
    stage.end_well();
}

void paused_and_resumed(Stage& stage) {
    pause_mirror(stage);
    stage.work(server1, 3, 64, 200);
    stage.order(server1, resume_it);
    stage.end_well();
}

void source_dies_in_a_pause(Stage& stage) {
    pause_mirror(stage);
    stage.run_for(milliseconds(200));
    stage.crash(server1);
    stage.run_for(seconds(20));
    stage.restart(server1);
    stage.run_for(seconds(10));
    stage.order(server1, resume_it);
    stage.end_well();
}

void written_until_the_resume(Stage& stage) {
    pause_mirror(stage);
    stage.work(server1, 3, 64, 200);
    stage.run_for(milliseconds(200));
    stage.order(server1, resume_it);
    stage.run_until([&] { return stage.leg(server2) == replication::LegState::handshaking; });
    stage.run_for(microseconds(static_cast<std::int64_t>(stage.dice.below(4000))));
    stage.write(server2, block(100 + stage.dice.below(100)));
    stage.until_mirroring();
    stage.end_well();
}

}  // namespace sunder::netsim::test
