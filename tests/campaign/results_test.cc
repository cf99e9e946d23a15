// SPDX-License-Identifier: BSD-3-Clause
//
// That results merge in any order to the same, keep the shortest finding, and survive their file.
#include "scenarios/campaign/results.h"

#include "tools/campaign_file.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>

namespace sunder::campaign {
namespace {

Finding finding(std::string property, std::uint64_t steps, std::string text) {
    return {std::move(property), "SAF-1", "it was lost", 3, steps, std::move(text), 1};
}

CaseResults some_case(std::string path, std::uint64_t draw) {
    CaseResults one;
    one.path = std::move(path);
    one.case_name = draw % 2 == 0 ? "" : "mode=synchronous";
    one.runs = 1 + draw % 7;
    one.events = draw % 1000;
    one.violated = draw % 3;
    one.marks["failover"] = 1 + draw % 5;
    if (draw % 2 == 0) one.rules["same_generation"] = draw % 11;
    for (std::uint64_t f = 0; f < draw % 6; ++f)
        one.features.push_back(hash_words(draw % 13, f, 0));
    one.growth = {{one.runs, one.features.size()}};
    if (one.path == "b.yaml") {
        one.schedules = Schedules{22, 60, 4.5, {draw % 5, 1}, draw % 2, {}};
        if (draw % 5 == 0) one.schedules->known = {3, 5, 1000};
    }
    for (std::uint64_t n = 0; n < draw % 3; ++n) {
        one.findings.push_back(finding(n == 0 ? "mirror_equality" : "linearizability", 1 + draw % 9,
                                       "text " + std::to_string(draw % 17)));
    }
    return one;
}

Results results(std::vector<std::uint64_t> const& draws, std::string shard) {
    Results made;
    made.commit = "abc";
    made.shards = {std::move(shard)};
    if (draws.size() % 2 == 1) made.stopped = made.shards;
    for (std::uint64_t const draw : draws) {
        Results one;
        one.commit = "abc";
        one.cases = {some_case(draw % 3 == 0 ? "a.yaml" : "b.yaml", draw)};
        merge(made, one);
    }
    return made;
}

Results merged(Results into, Results const& other) {
    merge(into, other);
    return into;
}

}  // namespace

TEST_CASE("results merge to the same in whatever order and grouping") {
    REQUIRE(rc::check("any order",
                      [](std::vector<std::uint64_t> const& a, std::vector<std::uint64_t> const& b,
                         std::vector<std::uint64_t> const& c) {
                          Results const one = results(a, "1/3");
                          Results const two = results(b, "2/3");
                          Results const three = results(c, "3/3");
                          Results const left = merged(merged(one, two), three);
                          RC_ASSERT(left == merged(one, merged(two, three)));
                          RC_ASSERT(left == merged(merged(three, two), one));
                      }));
}

TEST_CASE("results are read from their file as they were written") {
    REQUIRE(rc::check("round trip", [](std::vector<std::uint64_t> const& a) {
        Results const written = results(a, "1/1");
        auto const read = tools::results_of(tools::to_json(written));
        RC_ASSERT(read.has_value());
        RC_ASSERT(*read == written);
    }));
}

TEST_CASE("of two findings of one property the shorter one stays, and both count") {
    CaseResults one = some_case("a.yaml", 0);
    CaseResults other = one;
    one.findings = {finding("mirror_equality", 9, "long")};
    other.findings = {finding("mirror_equality", 4, "short"), finding("linearizability", 2, "x")};
    merge(one, other);
    REQUIRE(one.findings.size() == 2);
    CHECK(one.findings[1].text == "short");
    CHECK(one.findings[1].count == 2);
    CHECK(one.findings[0].property == "linearizability");
}

TEST_CASE("of what was reached the known is counted") {
    CaseResults one = some_case("b.yaml", 0);
    one.features = {9, 5, 7, 3};
    CHECK(reached_of_known(one) == 2);
    one.schedules.reset();
    CHECK(reached_of_known(one) == 0);
}

TEST_CASE("a file that holds no results says so") {
    CHECK(tools::results_of("{}").error().find("no result of a campaign") != std::string::npos);
    CHECK(tools::results_of("{\"sunder_campaign\": 99}").error() ==
          "it has format 99, and this program reads 3");
    CHECK(tools::results_of("not JSON").error() ==
          "it cannot be read as JSON of a campaign: syntax error");
    CHECK(tools::results_of("{\"sunder_campaign\": 3, \"commit\": 5}")
              .error()
              .starts_with("it cannot be read"));
}

}  // namespace sunder::campaign
