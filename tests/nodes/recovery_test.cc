// SPDX-License-Identifier: BSD-3-Clause
//
// What two nodes make of odd days: promotions that the disk refuses, switchovers that lose their
// leg.
#include "tests/support/played.h"
#include "tests/support/two_nodes.h"

using namespace sunder;
using namespace sunder::testing;
using language::Result;

namespace {

std::string const busy = "workload: [{on: datarep, write: random, block: 4 KiB, rate: 100/s}]\n";

}  // namespace

TEST_CASE(
    "A last owner whose disk refuses it still tells its peer that it is outdated (SAF-1, G20)") {
    // Server 1 acknowledges writes alone for two seconds, and dies before it can tell anybody.
    auto const outcome = play_well(
        scenario_of("  - wait: {mirror: datarep, is: fully operational}\n"
                    "  - cut: [server1, server2]\n"
                    "  - pass: 12 s\n"
                    "  - crash: server1\n"
                    "  - heal: [server1, server2]\n"
                    "  - fail_disk: {on: server1, operations: [flushes]}\n"
                    "  - restart: server1\n"
                    "  - pass: 10 s\n"
                    "  - crash: server1\n"
                    "  - hold: {for: 2 min, resource: datarep, in_service: none, because: "
                    "target_not_in_sync}\n",
                    busy));
    CHECK(outcome.result == Result::held);
    CHECK(outcome.marks.contains("disk_failed"));
    CHECK(outcome.marks.contains("wrote_without_peer"));
}

TEST_CASE("A refused promotion is forgotten when the copy follows a source again (LIV-3)") {
    // Server 2's disk refuses the takeover; when it works again, server 1 returns and dies again.
    auto const outcome =
        play_well(scenario_of("  - wait: {mirror: datarep, is: fully operational}\n"
                              "  - pass: 7 s\n"
                              "  - stop_workload: datarep\n"
                              "  - pass: 20 s\n"
                              "  - fail_disk: {on: server2, operations: [flushes]}\n"
                              "  - crash: server1\n"
                              "  - hold: {for: 1 min, resource: datarep, in_service: none}\n"
                              "  - mend_disk: server2\n"
                              "  - restart: server1\n"
                              "  - wait: {resource: datarep, in_service: server1}\n"
                              "  - wait: {mirror: datarep, is: fully operational}\n"
                              "  - pass: 1 s\n"
                              "  - crash: server1\n"
                              "  - wait: {resource: datarep, in_service: server2}\n",
                              busy));
    CHECK(outcome.result == Result::held);
    CHECK(outcome.marks.contains("disk_failed"));
}

TEST_CASE(
    "A switchover whose leg is lost while the source drains leaves the source serving (R41)") {
    TwoNodes two;
    netsim::World world(two.cluster(), 1);
    world.start_all();
    REQUIRE(run_until(world, seconds(60), mirrors));
    run_until(world, seconds(70), [](netsim::World const&) { return false; });
    // The target confirms nothing; then its leg is gone.
    netsim::DiskFaults slow;
    slow.slowness = 100'000;
    world.set_disk_faults(second_node, slow);
    RequestId const write = write_block(world, first_node, 0);
    auto const admin = world.switch_over(second_node, the_mirror);
    auto const leaving = [](netsim::World const& w) {
        return std::holds_alternative<nodes::resource::Leaving>(
            w.node(first_node).machine->state(0));
    };
    REQUIRE(run_until(world, seconds(120), leaving));
    CHECK_FALSE(world.serves(first_node, the_mirror));
    bool const half_open = GENERATE(true, false);
    world.reset(first_node, second_node, half_open);
    CHECK(world.serves(first_node, the_mirror));
    std::vector<netsim::Observation> seen;
    world.set_disk_faults(second_node, {});
    REQUIRE(run_until(world, seconds(600), [](netsim::World const& w) {
        return mirrors(w) && w.serves(first_node, the_mirror);
    }));
    world.take_observations(seen);
    bool answered = false;
    bool refused = false;
    bool stayed = false;
    for (netsim::Observation const& what : seen) {
        if (auto const* answer = std::get_if<netsim::seen::HostAnswered>(&what)) {
            answered = answer->request == write && answer->status == replication::HostStatus::ok;
        } else if (auto const* told = std::get_if<netsim::seen::AdminAnswered>(&what)) {
            refused = told->request == admin && !told->granted;
        } else if (auto const* noted = std::get_if<netsim::seen::NodeNoted>(&what)) {
            stayed = stayed || std::holds_alternative<nodes::note::StayedInService>(noted->note);
        }
    }
    CHECK(answered);
    CHECK(refused);
    CHECK(stayed);
    CHECK_FALSE(world.serves(second_node, the_mirror));
}
