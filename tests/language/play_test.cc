// SPDX-License-Identifier: BSD-3-Clause
//
// Are steps played as written, and is a failure told so that one need not look further?
#include "scenarios/language/play.h"

#include "scenarios/language/load.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

using namespace sunder;
using namespace sunder::language;

namespace {

Scenario scenario(std::string const& steps, std::string const& rest = "") {
    std::string const text = fmt::format(
        "scenario: test\n"
        "cluster:\n"
        "  policy: datakeeper/faithful\n"
        "  nodes: {{server1: {{}}, server2: {{}}}}\n"
        "  network: [{{link: [server1, server2], latency: 200 us, bandwidth: 1 Gbit/s}}]\n"
        "  mirrors: {{datarep: {{size: 1 MiB, on: [server1, server2]}}}}\n"
        "{}"
        "steps:\n{}",
        rest, steps);
    auto loaded = load_text("test.yaml", text);
    if (!loaded) UNSCOPED_INFO(to_text(loaded.error()));
    REQUIRE(loaded.has_value());
    return loaded->front();
}

Outcome played(Scenario const& of, std::uint64_t seed = 1) {
    PlayOptions options;
    options.seed = seed;
    options.narrate = true;
    return play(of, options);
}

bool tells(Outcome const& outcome, std::string const& words) {
    return outcome.failure && outcome.failure->instead.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "A wait that never comes true says what was the case instead, and which rule kept it so") {
    Outcome const outcome =
        played(scenario("  - wait: {mirror: datarep, is: fully operational}\n"
                        "  - crash: server1\n"
                        "  - crash: server2\n"
                        "  - restart: server2\n"
                        "  - wait: {resource: datarep, in_service: server2, within: 5 min}\n"));
    CHECK(outcome.result == Result::violated);
    CHECK(tells(outcome, "server1 is down"));
    CHECK(tells(outcome, "booted_alone: R28"));
    CHECK(outcome.failure->place.line == 12);
    CHECK(outcome.failure->what == "wait: {resource: datarep, in_service: server2, within: 5 min}");
}

TEST_CASE("A hold fails at the moment it is broken, or when another rule held it") {
    std::string const both_down =
        "  - wait: {mirror: datarep, is: fully operational}\n"
        "  - crash: server1\n"
        "  - crash: server2\n"
        "  - restart: server2\n";
    Outcome const wrong_rule =
        played(scenario(both_down + "  - hold: {for: 5 min, resource: datarep, in_service: none, "
                                    "because: target_not_in_sync}\n"));
    CHECK(tells(wrong_rule, "it held, but not because of target_not_in_sync"));
    Outcome const broken = played(scenario(
        both_down +
        "  - restart: server1\n  - hold: {for: 5 min, resource: datarep, in_service: none}\n"));
    CHECK(tells(broken, "server1 holds up to date data and has it in service"));
}

TEST_CASE("A resync that passes in a moment is still caught, at its beginning") {
    Outcome const outcome =
        played(scenario("  - wait: {mirror: datarep, is: fully operational}\n"
                        "  - write: {mirror: datarep, at: 64 KiB, length: 4 KiB}\n"
                        "  - crash: server1\n"
                        "  - wait: {resource: datarep, in_service: server2}\n"
                        "  - restart: server1\n"
                        "  - wait: {mirror: datarep, is: resyncing}\n"
                        "  - crash: server2\n"
                        "  - pass: 1 min\n"));
    CHECK(outcome.result == Result::held);
    CHECK(outcome.marks.contains("resync_interrupted"));
}

TEST_CASE("Hosts write, read, flush and trim, and hear of errors") {
    CHECK(played(scenario("  - wait: {mirror: datarep, is: fully operational}\n"
                          "  - write: {mirror: datarep, at: 0 KiB, length: 4 KiB, fua: yes}\n"
                          "  - read: {mirror: datarep, at: 0 KiB, length: 4 KiB}\n"
                          "  - flush: datarep\n"
                          "  - trim: {mirror: datarep, at: 0 KiB, length: 8 KiB}\n"))
              .result == Result::held);
    Outcome const failed =
        played(scenario("  - wait: {mirror: datarep, is: fully operational}\n"
                        "  - fail_disk: {on: server1, operations: [writes]}\n"
                        "  - write: {mirror: datarep, at: 0 KiB, length: 4 KiB}\n"));
    CHECK(tells(failed, "the host was told: an I/O error"));
    Outcome const nowhere =
        played(scenario("  - crash: server1\n"
                        "  - write: {mirror: datarep, at: 0 KiB, length: 4 KiB}\n"));
    CHECK(tells(nowhere, "server1 is down"));
}

TEST_CASE("A switchover moves the mirror, and is refused during a resync (R41, R42)") {
    std::string const start = "  - wait: {mirror: datarep, is: fully operational}\n";
    Outcome const moved = played(
        scenario(start + "  - write: {mirror: datarep, at: 0 KiB, length: 4 KiB}\n"
                         "  - switch_over: {mirror: datarep, to: server2}\n"
                         "  - wait: {resource: datarep, in_service: server2}\n"
                         "  - wait: {mirror: datarep, is: fully operational}\n"
                         "  - wait: {flag: last_owner, on: server1, mirror: datarep, set: no}\n"));
    CHECK(moved.result == Result::held);
    CHECK(moved.marks.contains("partial_resync"));
    Outcome const refused = played(
        scenario("  - wait: {mirror: datarep, is: resyncing}\n"
                 "  - switch_over: {mirror: datarep, to: server2, refused: resync_in_progress}\n" +
                 start));
    CHECK(refused.result == Result::held);
    Outcome const wrongly =
        played(scenario(start + "  - switch_over: {mirror: datarep, to: server1}\n"));
    CHECK(tells(wrongly, "it was refused by already_in_service, expected to be granted"));
}

TEST_CASE(
    "A cut makes two sources under a faithful policy, and the healed link tells of split brain") {
    Outcome const outcome = played(
        scenario("  - wait: {mirror: datarep, is: fully operational}\n"
                 "  - cut: [server1, server2]\n"
                 "  - pass: 40 s\n"
                 "  - heal: [server1, server2]\n"
                 "  - wait: {mirror: datarep, is: split brain}\n"
                 "  - hold: {for: 10 min, mirror: datarep, is: split brain}\n",
                 "workload: [{on: datarep, write: random, block: 4 KiB, rate: 10/s, count: 600}]\n"
                 "expect: {sometimes: [split_brain]}\n"));
    CHECK(outcome.result == Result::held);
    CHECK_FALSE(outcome.marks.contains("resync_interrupted"));
}

TEST_CASE(
    "A short cut, a one-way cut, a reset, a half-open connection: the mirror comes back by "
    "itself") {
    for (char const* fault :
         {"  - cut: [server1, server2]\n  - pass: 3 s\n  - heal: [server1, server2]\n",
          "  - cut: {from: server1, to: server2}\n  - pass: 3 s\n  - heal: [server1, server2]\n",
          "  - cut: {from: server2, to: server1}\n  - pass: 11 s\n  - heal: [server1, server2]\n",
          "  - degrade: {link: [server1, server2], loss: 30 %, jitter: 20 ms}\n  - pass: 60 s\n"
          "  - heal: [server1, server2]\n",
          "  - degrade: {link: [server1, server2], bandwidth: 56 kbit/s}\n  - pass: 60 s\n"
          "  - heal: [server1, server2]\n",
          "  - reset: {between: [server1, server2]}\n",
          "  - reset: {between: [server1, server2], half_open: yes}\n",
          "  - damage: {from: server1, to: server2}\n  - pass: 3 s\n",
          "  - damage: {from: server2, to: server1, how: cut short}\n  - pass: 3 s\n",
          "  - pause: server2\n  - pass: 11 s\n  - resume: server2\n",
          "  - slow_disk: {on: server2, factor: 50}\n  - pass: 5 s\n  - mend_disk: server2\n",
          "  - fail_disk: {on: server2, operations: [writes]}\n  - pass: 5 s\n  - mend_disk: "
          "server2\n",
          "  - fail_disk: {on: server2, operations: [flushes]}\n  - pass: 12 s\n  - mend_disk: "
          "server2\n",
          "  - power_cut: server2\n  - pass: 3 s\n  - restart: server2\n"}) {
        INFO(fault);
        Outcome const outcome = played(
            scenario(std::string("  - wait: {mirror: datarep, is: fully operational}\n") + fault +
                         "  - stop_workload: datarep\n"
                         "  - wait: {mirror: datarep, is: fully operational, within: 2 min}\n",
                     "workload: [{on: datarep, write: random, block: 4 KiB, rate: 100/s}]\n"
                     "expect: {finally: [{resource: datarep, in_service: server1}, {mirror: "
                     "datarep, is: fully operational}]}\n"));
        if (outcome.failure) UNSCOPED_INFO(outcome.failure->instead);
        for (auto const& violation : outcome.violations)
            UNSCOPED_INFO(violation.property << ": " << violation.story);
        CHECK(outcome.result == Result::held);
    }
}

TEST_CASE("A zombie that wakes after a takeover is told, and nothing is overwritten silently") {
    Outcome const outcome =
        played(scenario("  - wait: {mirror: datarep, is: fully operational}\n"
                        "  - stop_workload: datarep\n"
                        "  - pass: 1 s\n"
                        "  - pause: server1\n"
                        "  - wait: {resource: datarep, in_service: server2}\n"
                        "  - write: {mirror: datarep, at: 0 KiB, length: 4 KiB}\n"
                        "  - resume: server1\n"
                        "  - wait: {mirror: datarep, is: fully operational, within: 2 min}\n",
                        "workload: [{on: datarep, write: random, block: 4 KiB, rate: 100/s}]\n"
                        "expect: {sometimes: [stepped_down], finally: [{resource: datarep, "
                        "in_service: server2}]}\n"));
    if (outcome.failure) UNSCOPED_INFO(outcome.failure->instead);
    CHECK(outcome.result == Result::held);
}

TEST_CASE("What `sometimes` never reaches is a failure, and so is a final state that is not so") {
    Outcome const never = played(scenario("  - wait: {mirror: datarep, is: fully operational}\n",
                                          "expect: {sometimes: [failover]}\n"));
    CHECK(never.result == Result::violated);
    CHECK(never.never == std::vector<std::string>{"failover"});
    Outcome const finally =
        played(scenario("  - wait: {mirror: datarep, is: fully operational}\n",
                        "expect: {finally: [{resource: datarep, in_service: none}]}\n"));
    CHECK(finally.result == Result::violated);
    CHECK(finally.failure->what == "finally: datarep in service nowhere");
}

TEST_CASE("A run is a function of scenario and seed, narration and all") {
    Scenario const busy = scenario(
        "  - wait: {mirror: datarep, is: fully operational}\n"
        "  - power_cut: server1\n"
        "  - wait: {resource: datarep, in_service: server2}\n"
        "  - pass: 1 s\n",
        "workload: [{on: datarep, write: random, block: 4 KiB, depth: 8, count: 2000, flush_every: "
        "9}]\n");
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Outcome const once = played(busy, seed);
        Outcome const again = played(busy, seed);
        CHECK(once.trace_hash == again.trace_hash);
        CHECK(once.narration == again.narration);
        CHECK(once.trace_hash != played(busy, seed + 100).trace_hash);
    }
}

TEST_CASE(
    "Guarded nodes wait instead of guessing: no takeover on silence alone, no write without a "
    "word") {
    std::string const start = "  - wait: {mirror: datarep, is: fully operational}\n";
    auto const guarded = [&](std::string const& steps) {
        Scenario made = scenario(start + steps);
        made.cluster.policy.guarded = true;
        return played(made);
    };
    Outcome const died = guarded(
        "  - power_cut: server1\n"
        "  - hold: {for: 10 min, resource: datarep, in_service: none, because: needs_fencing}\n"
        "  - restart: server1\n"
        "  - wait: {resource: datarep, in_service: server1}\n"
        "  - wait: {mirror: datarep, is: fully operational}\n");
    if (died.failure) UNSCOPED_INFO(died.failure->instead);
    CHECK(died.result == Result::held);
    // The peer is dead or cut off, nobody fenced it: the write is not acknowledged.
    Outcome const frozen = guarded(
        "  - cut: [server1, server2]\n"
        "  - write: {mirror: datarep, at: 0 KiB, length: 4 KiB}\n");
    CHECK(tells(frozen, "no answer within"));
    // A leg that fails alone is no reason to freeze: the peer says over the other path that it
    // knows.
    Outcome const told = guarded(
        "  - fail_disk: {on: server2, operations: [writes]}\n"
        "  - write: {mirror: datarep, at: 0 KiB, length: 4 KiB}\n"
        "  - mend_disk: server2\n");
    if (told.failure) UNSCOPED_INFO(told.failure->instead);
    CHECK(told.result == Result::held);
}

TEST_CASE("What never comes to rest is not judged, and not said to have held") {
    Outcome const outcome =
        played(scenario("  - wait: {mirror: datarep, is: fully operational}\n"
                        "  - fail_disk: {on: server2, operations: [writes]}\n"
                        "  - write: {mirror: datarep, at: 0 KiB, length: 4 KiB}\n"));
    CHECK(outcome.result == Result::unknown);
    CHECK(outcome.why_unknown.starts_with("it did not come to rest within 3 h"));
}
