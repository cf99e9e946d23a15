// SPDX-License-Identifier: BSD-3-Clause
//
// What is written is read again as the same scenario, whatever the file says.
#include "scenarios/language/write.h"

#include "scenarios/language/load.h"
#include "tests/language/corpus.h"

#include <catch2/catch.hpp>

namespace sunder::language {
namespace {

KnownNames const known{
    {"no_lost_acknowledged_write", "no_silent_split_brain", "no_promotion_of_inconsistent_copy"},
    {"resync_interrupted", "failed_over"},
    {"target_not_in_sync", "resync_in_progress"},
};

/// What a file does not say: where its steps stood, which case it was, what is explored.
Scenario plain(Scenario scenario) {
    scenario.path.clear();
    scenario.matrix_case.clear();
    scenario.bounded.reset();
    for (Step& step : scenario.steps) {
        step.place = {};
        step.source.clear();  // quotes may differ
    }
    return scenario;
}

}  // namespace

TEST_CASE("A scenario that was written loads as the same scenario") {
    for (std::string const& name : test::corpus("accept")) {
        INFO(name);
        Loaded const loaded = load(test::path_in_corpus(name), known);
        REQUIRE(loaded);
        for (Scenario const& scenario : *loaded) {
            std::string const text = to_yaml(scenario);
            INFO(text);
            Loaded const again = load_text("written.yaml", text, known);
            REQUIRE(again);
            REQUIRE(again->size() == 1);
            CHECK(plain(again->front()) == plain(scenario));
        }
    }
}

}  // namespace sunder::language
