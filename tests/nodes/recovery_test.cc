// SPDX-License-Identifier: BSD-3-Clause
//
// What two nodes make of odd days: promotions that the disk refuses, switchovers that lose their
// leg.
#include "tests/support/played.h"

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
