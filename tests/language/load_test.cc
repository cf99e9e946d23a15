// SPDX-License-Identifier: BSD-3-Clause
//
// From files to scenarios: what a file means, that everything wrong is reported in the words of the
// golden files, and that nothing comes out of a file with a mistake.
#include "scenarios/language/load.h"

#include "tests/language/corpus.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>

namespace sunder::language {

namespace {

KnownNames const known{
    {"no_lost_acknowledged_write", "no_silent_split_brain", "no_promotion_of_inconsistent_copy"},
    {"resync_interrupted", "failed_over"},
    {"target_not_in_sync", "resync_in_progress"},
};

std::string const cluster_text =
    "scenario: A test\n"
    "cluster:\n"
    "  nodes: {a: {}, b: {}}\n"
    "  network: [{link: [a, b], bandwidth: 1 Gbit/s}]\n"
    "  mirrors: {m: {size: 1 MiB, on: [a, b]}}\n";

std::vector<Scenario> loaded(std::string const& text) {
    Loaded const result = load_text("test.yaml", text);
    if (!result) FAIL(to_text(result.error()));
    return *result;
}

std::vector<Step> steps_of(std::string const& steps, std::string const& more = "") {
    return loaded(cluster_text + more + "steps:\n" + steps).at(0).steps;
}

/// What is printed about a file of the corpus, with paths as they are inside it.
std::string printed(std::string const& name) {
    Loaded const result = load(test::path_in_corpus(name), known);
    if (result) return "";
    std::string text = to_text(result.error());
    std::string const prefix = test::path_in_corpus("");
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
        text.erase(at, prefix.size());
    }
    return text;
}

}  // namespace

TEST_CASE("is every right file of the corpus loaded?") {
    std::vector<std::string> const names = test::corpus("accept");
    CHECK(names.size() >= 15);
    for (std::string const& name : names) {
        CAPTURE(name);
        CHECK(printed(name).empty());
    }
}

TEST_CASE("is every wrong file of the corpus refused in the expected words?") {
    INFO("SUNDER_REWRITE=1 writes the golden files anew");
    for (char const* const folder : {"reject", "impossible"}) {
        std::vector<std::string> const names = test::corpus(folder);
        CHECK(names.size() >= 40);
        for (std::string const& name : names) {
            CAPTURE(name);
            std::string const text = printed(name);
            CAPTURE(text);
            CHECK_FALSE(text.empty());
            std::filesystem::path const golden =
                std::filesystem::path(test::path_in_corpus(name)).replace_extension(".txt");
            CHECK(test::is_golden(golden, text));
        }
    }
}

TEST_CASE("are five mistakes of both kinds reported in one pass, each once and in order?") {
    Loaded const result = load(test::path_in_corpus("reject/five_mistakes.yaml"));
    REQUIRE_FALSE(result);
    std::vector<std::pair<std::uint32_t, Code>> found;
    for (Diagnostic const& one : result.error()) found.emplace_back(one.place.line, one.code);
    CHECK(found == std::vector<std::pair<std::uint32_t, Code>>{{4, Code::unknown_key},
                                                               {6, Code::bad_quantity},
                                                               {7, Code::bad_size},
                                                               {9, Code::unknown_name},
                                                               {10, Code::unknown_word}});
}

TEST_CASE("are files that cannot be read diagnostics too?") {
    auto const code = [](std::string const& path) {
        Loaded const result = load(path);
        return result ? Code::syntax : result.error().at(0).code;
    };
    CHECK(code(test::path_in_corpus("accept/no_such_file.yaml")) == Code::unreadable_file);
    CHECK(code(test::path_in_corpus("accept")) == Code::unreadable_file);
}

TEST_CASE("is a cluster filled in with what the file says, and defaults elsewhere?") {
    netsim::Cluster const plain = loaded(cluster_text + "steps: [{pass: 1 s}]").at(0).cluster;
    CHECK(plain.policy == netsim::Policy{});
    CHECK(plain.detection == netsim::Detection{});
    CHECK(plain.settle_interval == netsim::Cluster{}.settle_interval);
    REQUIRE(plain.nodes.size() == 2);
    CHECK(plain.nodes[1] == netsim::NodeSetup{"b", {}});
    REQUIRE(plain.links.size() == 1);
    CHECK(plain.links[0] == netsim::LinkSetup{0, 1, {}, {}});
    REQUIRE(plain.mirrors.size() == 1);
    netsim::MirrorSetup mirror;
    mirror.name = "m";
    mirror.sectors = 2048;
    mirror.on = {NodeId{0}, NodeId{1}};
    mirror.sectors_on = {2048, 2048};
    mirror.priority = {1, 2};
    CHECK(plain.mirrors[0] == mirror);
}

TEST_CASE("does every key of a cluster arrive?") {
    std::string const text = R"(scenario: A test
cluster:
  policy: datakeeper/guarded
  bitmap_merge: no
  nodes: {a: {disk: {latency: 1 ms, jitter: 2 ms, bandwidth: 1 MB/s}}, b: {}}
  switches: [s, t]
  network:
    - {link: [a, s], latency: 3 ms, bandwidth: 10 Mbit/s}
    - {link: [t, b], there: {latency: 4 ms, bandwidth: 1 Mbit/s}, back: {bandwidth: 2 Mbit/s}}
    - {link: [s, t], bandwidth: 1 Gbit/s}
  mirrors:
    first: {size: 1 MiB, on: [a, b]}
    second:
      size: 2 MiB
      on: [b, a]
      mode: asynchronous
      asynchronous_limit: 7
      intent_log: none
      pairs: [{between: [a, b], mode: synchronous}]
      priorities: {a: 5, b: 900}
      sizes: {a: 3 MiB}
      initially: in sync
      resync_rate: {max: 50 MB/s, min: 80 Mbit/s}
  detection: {interval: 1 s, missed: 4, connection_timeout: 2 s, reconnect: 3 s, boot_wait: 4 s}
  settle_interval: 6 s
steps: [{pass: 1 s}]
)";
    netsim::Cluster const cluster = loaded(text).at(0).cluster;
    CHECK(cluster.policy == netsim::Policy{true, false});
    CHECK(cluster.nodes[0].disk ==
          netsim::DiskModel{milliseconds(1), milliseconds(2), {8'000'000}});
    CHECK(cluster.switches == std::vector<std::string>{"s", "t"});
    REQUIRE(cluster.links.size() == 3);
    netsim::LinkModel const slow{milliseconds(3), {10'000'000}};
    CHECK(cluster.links[0] == netsim::LinkSetup{0, 2, slow, slow});
    CHECK(
        cluster.links[1] ==
        netsim::LinkSetup{3, 1, {milliseconds(4), {1'000'000}}, {microseconds(200), {2'000'000}}});
    REQUIRE(cluster.mirrors.size() == 2);
    netsim::MirrorSetup const& second = cluster.mirrors[1];
    CHECK(second.name == "second");
    CHECK(second.on == std::vector<NodeId>{NodeId{1}, NodeId{0}});
    CHECK(second.sectors == 4096);
    CHECK(second.sectors_on == std::vector<std::uint64_t>{4096, 6144});
    CHECK(second.priority == std::vector<std::uint16_t>{900, 5});
    CHECK(second.mode == netsim::Mode::asynchronous);
    CHECK(second.pairs == std::vector<netsim::PairSetup>{{1, 0, netsim::Mode::synchronous}});
    CHECK_FALSE(second.has_asynchronous_pairs());
    CHECK(second.asynchronous_limit == 7);
    CHECK_FALSE(second.intent_log_chunk);
    CHECK(second.initially_in_sync);
    CHECK(second.resync_rate ==
          replication::ResyncRate{Bandwidth{400'000'000}, Bandwidth{80'000'000}});
    CHECK_FALSE(cluster.mirrors[0].resync_rate.limited());
    CHECK(cluster.detection ==
          netsim::Detection{seconds(1), 4, seconds(2), seconds(3), seconds(4)});
    CHECK(cluster.settle_interval == seconds(6));
}

TEST_CASE("are the disks of two nodes that are down exchanged?") {
    CHECK(steps_of("  - crash: a\n  - crash: b\n  - exchange_disks: [a, b]\n", "").at(2).action ==
          Action(step::ExchangeDisks{NodeId{0}, NodeId{1}}));
}

TEST_CASE("does a clock step as far as it is told, in the direction that is named?") {
    auto const only = [](std::string const& step) {
        return steps_of("  - " + step + "\n").at(0).action;
    };
    CHECK(only("step_clock: {on: b, forward: 10 s}") ==
          Action(step::StepClock{NodeId{1}, seconds(10)}));
    CHECK(only("step_clock: {on: a, back: 250 ms}") ==
          Action(step::StepClock{NodeId{0}, milliseconds(-250)}));
}

TEST_CASE("does each step mean what it says?") {
    auto const first = [](std::string const& step) {
        std::string const workload = "workload: [{on: m, depth: 1}]\n";
        return steps_of("  - " + step + "\n", workload).at(0).action;
    };
    MirrorState const resyncing{0, MirrorIs::resyncing};
    InServiceAt const nowhere{0, std::nullopt};
    CHECK(first("wait: {mirror: m, is: resyncing}") == Action(step::Wait{resyncing, seconds(60)}));
    CHECK(first("wait: {resource: m, in_service: b, within: 5 min}") ==
          Action(step::Wait{InServiceAt{0, NodeId{1}}, minutes(5)}));
    CHECK(first("wait: {flag: data_corrupt, on: b, mirror: m}") ==
          Action(step::Wait{FlagState{0, NodeId{1}, FlagState::Which::data_corrupt, true},
                            seconds(60)}));
    CHECK(first("wait: {flag: last_owner, on: a, mirror: m, set: no}") ==
          Action(step::Wait{FlagState{0, NodeId{0}, FlagState::Which::last_owner, false},
                            seconds(60)}));
    CHECK(first("hold: {for: 10 min, resource: m, in_service: none, because: some_rule}") ==
          Action(step::Hold{nowhere, minutes(10), "some_rule"}));
    CHECK(first("hold: {for: 1 s, mirror: m, is: split brain}") ==
          Action(step::Hold{MirrorState{0, MirrorIs::split_brain}, seconds(1), ""}));
    CHECK(first("pass: 10 s") == Action(step::Pass{seconds(10)}));
    CHECK(first("crash: b") == Action(step::Crash{NodeId{1}}));
    CHECK(first("power_cut: b") == Action(step::PowerCut{NodeId{1}}));
    CHECK(first("panic: b") == Action(step::Panic{NodeId{1}}));
    CHECK(first("panic: {node: a, fates: [1, 0]}") == Action(step::Panic{NodeId{0}, {1, 0}}));
    CHECK(first("pause: a") == Action(step::Pause{NodeId{0}}));
    CHECK(first("cut: [b, a]") == Action(step::Cut{1, 0, false}));
    CHECK(first("cut: {from: b, to: a}") == Action(step::Cut{1, 0, true}));
    CHECK(first("cut: {from: b, to: a, both_ways: no, only: data}") ==
          Action(step::Cut{1, 0, true, netsim::Severed::data}));
    CHECK(first("cut: {from: a, to: b, both_ways: yes, only: heartbeats}") ==
          Action(step::Cut{0, 1, false, netsim::Severed::heartbeats}));
    CHECK(first("heal: [a, b]") == Action(step::Heal{0, 1}));
    CHECK(first("degrade: {link: [b, a], loss: 2.5 %}") ==
          Action(step::Degrade{1, 0, false, {.loss = Share{25'000}}}));
    CHECK(first("degrade: {link: [a, b], latency: 1 s, jitter: 2 ms, bandwidth: 56 kbit/s, "
                "one_way: yes}") ==
          Action(step::Degrade{
              0,
              1,
              true,
              {.latency = seconds(1), .jitter = milliseconds(2), .bandwidth = Bandwidth{56'000}}}));
    CHECK(first("reset: {between: [a, b]}") == Action(step::Reset{NodeId{0}, NodeId{1}, false}));
    CHECK(first("reset: {between: [a, b], half_open: yes}") ==
          Action(step::Reset{NodeId{0}, NodeId{1}, true}));
    CHECK(first("damage: {from: a, to: b}") ==
          Action(step::DamageMessage{NodeId{0}, NodeId{1}, netsim::Damage::flipped_bit}));
    CHECK(first("damage: {from: b, to: a, how: cut short}") ==
          Action(step::DamageMessage{NodeId{1}, NodeId{0}, netsim::Damage::cut_short}));
    CHECK(first("slow_disk: {on: b, factor: 10}") == Action(step::SlowDisk{NodeId{1}, 10}));
    CHECK(first("fail_disk: {on: b, operations: [flushes, reads]}") ==
          Action(step::FailDisk{NodeId{1}, true, false, true}));
    CHECK(first("mend_disk: b") == Action(step::FailDisk{NodeId{1}, false, false, false}));
    CHECK(first("write: {mirror: m, at: 64 KiB, length: 4 KiB, fua: yes}") ==
          Action(step::Write{0, 128, 8, true}));
    CHECK(first("read: {mirror: m, at: 0 B, length: 1 MiB}") == Action(step::Read{0, 0, 2048}));
    CHECK(first("trim: {mirror: m, at: 512 B, length: 512 B}") ==
          Action(step::Trim{0, 1, 1, false}));
    CHECK(first("write_zeroes: {mirror: m, at: 512 B, length: 512 B, on: b}") ==
          Action(step::Trim{0, 1, 1, true, NodeId{1}}));
    CHECK(first("flush: m") == Action(step::Flush{0}));
    CHECK(first("start_workload: m") == Action(step::StartWorkload{0}));
    CHECK(first("stop_workload: m") == Action(step::StopWorkload{0}));
    CHECK(first("force_online: {mirror: m, on: b}") == Action(step::ForceOnline{0, NodeId{1}, ""}));
    CHECK(first("force_online: {mirror: m, on: b, refused: x}") ==
          Action(step::ForceOnline{0, NodeId{1}, "x"}));
    CHECK(first("switch_over: {mirror: m, to: b}") == Action(step::SwitchOver{0, NodeId{1}, ""}));
    CHECK(first("switch_over: {mirror: m, to: b, refused: x}") ==
          Action(step::SwitchOver{0, NodeId{1}, "x"}));
}

TEST_CASE("are steps in order, with their place and their words?") {
    std::vector<Step> const steps = steps_of(
        "  - crash: a   # first\n"
        "  - wait:\n"
        "      mirror: m\n"
        "      is: degraded\n"
        "  - restart: a\n");
    REQUIRE(steps.size() == 3);
    CHECK(steps[1].place == Place{8, 5});
    CHECK(steps[1].source == "wait: {mirror: m, is: degraded}");
    CHECK(steps[2].action == Action(step::Restart{NodeId{0}}));
}

TEST_CASE("do workloads and expectations arrive?") {
    Scenario const scenario = loaded(cluster_text + R"(
about: >
  Some
  words.
source: A manual
workload:
  - on: m
    write: sequential
    block: 64 KiB
    reads_percent: 30
    flush_every: 16
    rate: 500/s
    count: 9
  - {on: m, depth: 4, started: no}
steps: [{start_workload: m}]
expect:
  always: [one, two]
  sometimes: [three]
  finally: [{mirror: m, is: mirroring}]
)")
                                  .at(0);
    CHECK(scenario.path == "test.yaml");
    CHECK(scenario.title == "A test");
    CHECK(scenario.about == "Some words.");
    CHECK(scenario.source == "A manual");
    CHECK(scenario.case_name().empty());
    REQUIRE(scenario.workload.size() == 2);
    Workload const first{0,   Workload::Order::sequential, 128, 30, 16, Rate{500}, std::nullopt, 9,
                         true};
    CHECK(scenario.workload[0] == first);
    Workload second;
    second.depth = 4;
    second.started = false;
    CHECK(scenario.workload[1] == second);
    CHECK(scenario.expect.always == std::vector<std::string>{"one", "two"});
    CHECK(scenario.expect.sometimes == std::vector<std::string>{"three"});
    CHECK(scenario.expect.finally == std::vector<Condition>{MirrorState{0, MirrorIs::mirroring}});
}

TEST_CASE("is a matrix every combination but the exceptions, applied to all mirrors?") {
    std::vector<Scenario> const cases = loaded(R"(scenario: A test
cluster:
  nodes: {a: {}, b: {}}
  network: [{link: [a, b], bandwidth: 1 Gbit/s}]
  mirrors: {m: {size: 1 MiB, on: [a, b]}, n: {size: 1 MiB, on: [b, a], intent_log: 4 KiB}}
matrix:
  mode: [synchronous, asynchronous]
  intent_log: [128 KiB, none]
  bitmap_merge: [yes, no]
  except: [{mode: asynchronous, intent_log: none}, {intent_log: none, bitmap_merge: no}]
steps: [{pass: 1 s}]
)");
    std::vector<std::string> names;
    for (Scenario const& one : cases) names.push_back(one.case_name());
    CHECK(names == std::vector<std::string>{
                       "mode=synchronous, intent_log=128 KiB, bitmap_merge=yes",
                       "mode=synchronous, intent_log=128 KiB, bitmap_merge=no",
                       "mode=synchronous, intent_log=none, bitmap_merge=yes",
                       "mode=asynchronous, intent_log=128 KiB, bitmap_merge=yes",
                       "mode=asynchronous, intent_log=128 KiB, bitmap_merge=no",
                   });
    REQUIRE(cases.size() == 5);
    for (netsim::MirrorSetup const& mirror : cases[4].cluster.mirrors) {
        CHECK(mirror.mode == netsim::Mode::asynchronous);
        CHECK(mirror.intent_log_chunk == KiB(128));
    }
    CHECK_FALSE(cases[4].cluster.policy.bitmap_merge);
    CHECK_FALSE(cases[2].cluster.mirrors[1].intent_log_chunk);
    CHECK(cases[0].steps == cases[4].steps);
}

TEST_CASE("does an intent log of the matrix replace one that would be impossible?") {
    // The default chunk of 64 KiB is larger than this mirror, but no case has it.
    CHECK(loaded("scenario: A test\n"
                 "cluster:\n"
                 "  nodes: {a: {}, b: {}}\n"
                 "  network: [{link: [a, b], bandwidth: 1 Gbit/s}]\n"
                 "  mirrors: {m: {size: 4 KiB, on: [a, b]}}\n"
                 "matrix: {intent_log: [512 B, none]}\n"
                 "steps: [{pass: 1 s}]\n")
              .size() == 2);
}

TEST_CASE("are names of checkers, marks and rules taken as they are when nobody knows them?") {
    std::string const text = cluster_text +
                             "steps: [{switch_over: {mirror: m, to: b, refused: any_rule}}]\n"
                             "expect: {always: [any_checker], sometimes: [any_mark]}\n";
    CHECK(load_text("test.yaml", text));
    CHECK_FALSE(load_text("test.yaml", text, KnownNames{{"x"}, {}, {}}));
    CHECK_FALSE(load_text("test.yaml", text, KnownNames{{}, {"x"}, {}}));
    CHECK_FALSE(load_text("test.yaml", text, KnownNames{{}, {}, {"x"}}));
}

TEST_CASE("does one mistyped name leave the rest of the file alone?") {
    // What depends on a name that could not be understood is not reported again.
    auto const count = [](std::string const& text) {
        Loaded const result = load_text("test.yaml", text);
        if (result) return std::size_t{0};
        CAPTURE(to_text(result.error()));
        return result.error().size();
    };
    CHECK(count(cluster_text + "steps: [{crash: aa}, {restart: a}]\n") == 1);
    CHECK(count(cluster_text + "workload: [{on: mm, depth: 1}]\nsteps: [{start_workload: m}]\n") ==
          1);
    CHECK(count(cluster_text +
                "workload: [{on: m, depth: 1, started: no}]\nsteps: [{start_workload: mm}]\n") ==
          2);
    CHECK(count("scenario: A test\ncluster:\n  nodes: {a: {}, b: {}}\n"
                "  network: [{link: [a, bb], bandwidth: 1 Gbit/s}]\n"
                "  mirrors: {m: {size: 1 MiB, on: [a, b]}}\nsteps: [{cut: [a, b]}]\n") == 1);
    CHECK(count("scenario: A test\ncluster:\n"
                "  network: [{link: [a, b], bandwidth: 1 Gbit/s}]\n"
                "  mirrors: {m: {size: 1 MiB, on: [a, b]}}\nsteps: [{crash: a}]\n") == 1);
    CHECK(count("scenario: A test\nsteps: [{crash: a}, {flush: m}]\n") == 1);
}

}  // namespace sunder::language
