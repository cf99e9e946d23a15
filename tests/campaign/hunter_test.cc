// SPDX-License-Identifier: BSD-3-Clause
//
// That a searcher's runs depend on its seed and number alone, that it goes on finding what it had
// not seen, and that the engine as it ships holds.
#include "scenarios/campaign/hunter.h"

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
