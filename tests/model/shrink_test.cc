// SPDX-License-Identifier: BSD-3-Clause
//
// A long noisy run that a mutant breaks becomes a scenario of a few requests and faults, which
// loads and fails by the same property.
#include "scenarios/language/shrink.h"
#include "base/mutant.h"
#include "scenarios/language/load.h"
#include "scenarios/language/write.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>

namespace sunder::model {
namespace {

using language::Scenario;

constexpr char const* noisy = R"(
scenario: Much happens
cluster:
  nodes: {server1: {}, server2: {}}
  network: [{link: [server1, server2], latency: 200 us, bandwidth: 100 Mbit/s}]
  mirrors: {datarep: {size: 4 MiB, on: [server1, server2], intent_log: 64 KiB}}
  detection:
    {interval: 500 ms, missed: 3, connection_timeout: 2 s, reconnect: 200 ms, boot_wait: 5 s}
  settle_interval: 500 ms
workload: [{on: datarep, write: random, block: 4 KiB, rate: 100/s, flush_every: 20, count: 600}]
steps:
  - pass: 2 s
  - reset: {between: [server1, server2]}
  - pass: 800 ms
  - cut: [server1, server2]
  - pass: 400 ms
  - heal: [server1, server2]
  - pass: 2 s
  - crash: server2
  - pass: 2 s
  - restart: server2
  - pass: 2 s
  - power_cut: server1
  - pass: 5 s
  - restart: server1
  - pass: 3 s
  - crash: server2
  - pass: 5 s
  - restart: server2
  - pass: 10 s
)";

language::KnownNames known_names() {
    language::KnownNames names;
    for (netsim::CheckerText const& checker : netsim::Checkers::texts()) {
        names.checkers.emplace_back(checker.name);
    }
    return names;
}

constexpr Mutant hunted[] = {
    Mutant::bit_cleared_on_receipt, Mutant::bit_set_late,         Mutant::resync_without_lock,
    Mutant::resync_never_finishes,  Mutant::everything_is_copied,
};

}  // namespace

TEST_CASE("a mutant's failure shrinks to at most three requests and three faults") {
    language::Loaded const loaded = language::load_text("noisy.yaml", noisy, known_names());
    REQUIRE(loaded);
    Scenario const& scenario = loaded->front();
    std::size_t shrunk_ones = 0;
    for (Mutant const mutant : hunted) {
        INFO(name_of(mutant));
        living_mutant = mutant;
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            language::ShrinkOptions options;
            options.seed = seed;
            auto const shrunk = language::shrink(scenario, options);
            if (!shrunk) continue;
            ++shrunk_ones;
            std::string const text = language::to_yaml(shrunk->scenario);
            INFO(text);
            CHECK(shrunk->requests <= 3);
            CHECK(shrunk->faults <= 3);
            language::Loaded const again = language::load_text("shrunk.yaml", text, known_names());
            REQUIRE(again);
            language::PlayOptions play;
            play.seed = shrunk->seed;
            language::Outcome const outcome = language::play(again->front(), play);
            CHECK(std::ranges::any_of(outcome.violations, [&](netsim::Violation const& violation) {
                return violation.property == shrunk->failure;
            }));
            fmt::print("{:28} {:34} {} requests, {} faults, {} steps, {} attempts\n",
                       name_of(mutant), shrunk->failure, shrunk->requests, shrunk->faults,
                       shrunk->scenario.steps.size(), shrunk->attempts);
            break;
        }
        living_mutant = Mutant::none;
    }
    CHECK(shrunk_ones == std::size(hunted));
}

TEST_CASE("where there is no time to make a run small it stays as short as it was") {
    language::Loaded const loaded = language::load_text("noisy.yaml", noisy, known_names());
    REQUIRE(loaded);
    Scenario const& scenario = loaded->front();
    living_mutant = Mutant::everything_is_copied;
    for (int most : {0, 1, 2, 3}) {
        INFO(most);
        int attempts = 0;
        language::ShrinkOptions options;
        options.go_on = [&] { return ++attempts <= most; };
        auto const shrunk = language::shrink(scenario, options);
        REQUIRE(shrunk);
        CHECK(shrunk->scenario.steps.size() <= scenario.steps.size());
        CHECK_THAT(shrunk->scenario.about, Catch::EndsWith("."));
    }
    living_mutant = Mutant::none;
}

TEST_CASE("what does not fail is not shrunk") {
    language::Loaded const loaded = language::load_text("noisy.yaml", noisy, known_names());
    REQUIRE(loaded);
    CHECK_FALSE(language::shrink(loaded->front(), {}));
}

}  // namespace sunder::model
