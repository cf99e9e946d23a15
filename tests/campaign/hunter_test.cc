// SPDX-License-Identifier: BSD-3-Clause
//
// That a searcher's runs depend on its seed and number alone, that it goes on finding what it had
// not seen, and that the engine as it ships holds.
#include "scenarios/campaign/hunter.h"

#include "scenarios/language/load.h"
#include "tests/campaign/bases.h"

#include <catch2/catch.hpp>

#include <algorithm>

namespace sunder::campaign {
namespace {

#ifdef SUNDER_MANY_RUNS
constexpr int runs = 600;
#else
constexpr int runs = 40;
#endif

CaseResults hunted(language::Scenario const& base, HuntSetup const& setup, int times) {
    Hunter hunter(base, setup);
    for (int i = 0; i < times; ++i) hunter.hunt();
    return hunter.results();
}

/// Such links that no word gets through in time; runs are long.
language::Scenario without_a_word(language::Scenario base = test::two_nodes()) {
    for (netsim::LinkSetup& link : base.cluster.links) {
        link.there.bandwidth = link.back.bandwidth = Bandwidth{1};
    }
    return base;
}

}  // namespace

TEST_CASE("a searcher repeats itself, and two of one campaign do not") {
    language::Scenario const base = test::three_nodes();
    CaseResults const once = hunted(base, {.seed = 5}, 30);
    CHECK(once == hunted(base, {.seed = 5}, 30));
    CHECK(once.features != hunted(base, {.seed = 5, .number = 1}, 30).features);
    CHECK(once.features != hunted(base, {.seed = 6}, 30).features);
    CHECK(once.runs == 30);
    CHECK(once.growth.back().runs == 16);
    CHECK(once.growth.back().features > once.growth.front().features);
}

TEST_CASE("what run after run breaks is one finding, counted, and shown by its own scenario") {
    language::Scenario const base = without_a_word(test::three_nodes());
    CaseResults const results = hunted(base, {.seed = 1, .shrink_attempts = 20}, 4);
    CHECK(results.violated == 4);
    REQUIRE(results.findings.size() == 1);
    Finding const& finding = results.findings.front();
    CHECK(finding.property == "both_back_in_service");
    CHECK(finding.count == 4);
    CHECK(finding.text.find(finding.property) != std::string::npos);
    CHECK(!finding.rule.empty());
}

TEST_CASE("a run that there is no time for is given up and does not count") {
    language::Scenario const base = without_a_word();
    HuntSetup setup{.seed = 5};
    int asked = 0;
    setup.in_time = [&] { return ++asked == 0; };
    CaseResults const results = hunted(base, setup, 1);
    CHECK(asked == 1);
    CHECK(results.runs == 0);
    CHECK(results.features.empty());
    CHECK(results == hunted(base, {.seed = 5}, 0));
}

TEST_CASE("a finding stays as small as it has become when there is no more time") {
    language::Scenario const base = without_a_word();
    std::uint64_t asked = 0;
    HuntSetup setup{.seed = 6};
    setup.in_time = [&] { return ++asked != 0; };
    setup.shrink_attempts = 0;
    REQUIRE(hunted(base, setup, 1).runs == 1);
    std::uint64_t const most = asked + 20;
    setup.shrink_attempts = 400;
    CaseResults const all = hunted(base, setup, 1);
    REQUIRE(!all.findings.empty());
    REQUIRE(asked > most + 100);
    asked = 0;
    setup.in_time = [&] { return ++asked < most; };
    CaseResults const some = hunted(base, setup, 1);
    CHECK(some.runs == 1);
    REQUIRE(some.findings.size() == all.findings.size());
    CHECK(!some.findings.back().text.empty());
    CHECK(asked < most + 50);
}

TEST_CASE("the first run that stays unknown is kept as it was played, and the others are counted") {
    CaseResults const results = hunted(test::two_nodes(), {.seed = 1, .most_events = 50}, 5);
    CHECK(results.unknown == 5);
    CHECK(results.violated == 0);
    REQUIRE(results.findings.size() == 1);
    Finding const& kept = results.findings.front();
    CHECK(kept.property == unknown_run);
    CHECK(kept.count == 5);
    CHECK_FALSE(kept.story.empty());
    auto const loaded = language::load_text("kept.yaml", kept.text);
    if (!loaded) UNSCOPED_INFO(to_text(loaded.error()) << kept.text);
    REQUIRE(loaded.has_value());
    language::PlayOptions options;
    options.seed = kept.seed;
    options.most_events = 50;
    CHECK(language::play(loaded->front(), options).result == language::Result::unknown);
}

TEST_CASE("random runs of small clusters hold") {
    for (language::Scenario const& base :
         {test::two_nodes(), test::two_nodes(netsim::Mode::asynchronous), test::three_nodes(),
          test::on_a_shared_disk(), test::with_volumes()}) {
        CaseResults const results = hunted(base, {.seed = 1}, runs);
        for (Finding const& finding : results.findings) {
            UNSCOPED_INFO(finding.property << ": " << finding.story << "\n" << finding.text);
        }
        CHECK(results.violated == 0);
        CHECK(results.unknown == 0);
        CHECK(results.marks.contains("resync_finished"));
        // A few runs may go by without one.
        if (runs > 100) CHECK(results.marks.contains("failover"));
    }
}

}  // namespace sunder::campaign
