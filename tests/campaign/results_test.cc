// SPDX-License-Identifier: BSD-3-Clause
//
// That results merge in any order to the same, keep the shortest finding, and survive their file.
#include "scenarios/campaign/results.h"

#include "base/units.h"
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
    one.runs = 3 + draw % 7;
    one.events = draw % 1000;
    one.violated = draw % 3;
    one.marks["failover"] = 1 + draw % 5;
    if (draw % 2 == 0) one.rules["same_generation"] = draw % 11;
    for (std::uint64_t f = 0; f < draw % 6; ++f)
        one.features.push_back(hash_words(draw % 13, f, 0));
    one.growth = {{one.runs, one.features.size()}};
    if (one.path == "b.yaml") {
        one.schedules = Schedules{22, 60, 4.5, {draw % 5, 1}, draw % 2};
        if (draw % 5 == 0) one.known = {3, 5, 1000};
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
    made.seed = 7;
    made.asked = {"time", 40, seconds(3), 12, "all", 0};
    made.shards = {std::move(shard)};
    if (draws.size() % 2 == 1) made.stopped = made.shards;
    for (std::uint64_t const draw : draws) {
        Results one;
        one.commit = made.commit;
        one.seed = made.seed;
        one.asked = made.asked;
        one.cases = {some_case(draw % 3 == 0 ? "a.yaml" : "b.yaml", draw)};
        merge(made, one);
    }
    return made;
}

/// Of all cases that there are, as shards of one campaign.
Results shard(std::vector<std::uint64_t> draws, std::string name) {
    for (std::uint64_t const draw : {0, 1, 2, 3}) draws.push_back(draw);
    return results(draws, std::move(name));
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
                          Results const one = shard(a, "1/3");
                          Results const two = shard(b, "2/3");
                          Results const three = shard(c, "3/3");
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
    one.known.clear();
    CHECK(reached_of_known(one) == 0);
}

TEST_CASE("a file that holds no results says so") {
    CHECK(tools::results_of("{}").error().find("no result of a campaign") != std::string::npos);
    CHECK(tools::results_of("{\"sunder_campaign\": 99}").error() ==
          "it has format 99, and this program reads 7");
    CHECK(tools::results_of("not JSON").error() ==
          "it cannot be read as JSON of a campaign: syntax error");
    CHECK(tools::results_of("{\"sunder_campaign\": 7, \"commit\": 5}")
              .error()
              .starts_with("it cannot be read"));
}

TEST_CASE("what could not be merged or told is refused where it stands") {
    std::string const good = tools::to_json(results({1, 5}, "1/2"));
    REQUIRE(tools::results_of(good).has_value());
    struct Spoilt {
        char const* what;
        char const* by;
        char const* words;
    };
    for (Spoilt const& one : {
             Spoilt{R"("shards":["1/2"])", R"("shards":[])", "shards: expected at least one"},
             {R"("shards":["1/2"])", R"("shards":["7/3"])", "shards[0]: expected i/n"},
             {R"("shards":["1/2"])", R"("shards":["abc"])", "shards[0]: expected i/n"},
             {R"("shards":["1/2"])", R"("shards":["1/2","1/2"])", "shards[1]: expected each shard"},
             {R"("stopped":[])", R"("stopped":["2/2"])", "stopped: expected none that is not"},
             {R"("seconds":0E0)", R"("seconds":-1)", "seconds: expected a number from 0"},
             {R"("cases":[)", R"("cases":[5,)", "cases[0]: expected an object"},
             {R"("runs":12)", R"("runs":18446744073709551615)",
              "cases[0].runs: expected a whole number from 0 to"},
             {R"("runs":12)", R"("runs":-1)", "cases[0].runs: expected a whole number"},
             {R"("runs":12)", R"("runs":1.5)", "cases[0].runs: expected a whole number"},
             {R"("violated":3)", R"("violated":13)",
              "cases[0].violated: expected a whole number from 0 to 12"},
             {R"("violated":3)", R"("violated":0)",
              "findings[0].count: expected a whole number from 1 to 0"},
             {R"("unknown":0)", R"("unknown":10)",
              "cases[0].unknown: expected a whole number from 0 to 9"},
             {R"("known":[3,5,1000])", R"("known":[3,1000,5])",
              "cases[0].known[2]: expected a number greater than 1000"},
             {R"("property":"mirror_equality")", R"("property":"../x")",
              "findings[1].property: expected the name of a property"},
             {R"("property":"linearizability")", R"("property":"mirror_equality")",
              "findings[1]: expected each property once"},
             {R"("schedule":"time")", R"("schedule":"luck")", "expected time or priority"},
             {R"("faults":"all")", R"("faults":"some")",
              "faults: expected usual, all or in-budget"},
             {R"("events":60)", R"("events":0)",
              "schedules.events: expected a whole number from 1"},
         }) {
        std::string text = good;
        std::size_t const at = text.find(one.what);
        INFO(one.what << " in " << good);
        REQUIRE(at != std::string::npos);
        text.replace(at, std::string_view(one.what).size(), one.by);
        auto const read = tools::results_of(text);
        REQUIRE(!read.has_value());
        CHECK_THAT(read.error(), Catch::Contains(one.words));
    }
    std::string twice = good;
    std::size_t const begin = twice.find(R"("cases":[)") + 9;
    std::size_t const end = twice.rfind("]}");
    twice.insert(end, "," + twice.substr(begin, end - begin));
    CHECK_THAT(tools::results_of(twice).error(), Catch::Contains("expected each case once"));
}

TEST_CASE("results of two campaigns are not merged, and what differs is said") {
    Results const one = results({5}, "1/2");
    CHECK(!why_not_merged(one, results({5}, "2/2")));
    auto const differs = [&](auto const& change) {
        Results other = results({5}, "2/2");
        change(other);
        return why_not_merged(one, other).value_or("nothing");
    };
    CHECK(differs([](Results& other) { other.commit = "def"; }) ==
          "its commit is def, that of the others abc");
    CHECK(differs([](Results& other) { other.cases.front().runs = 0; }) == "nothing");
    CHECK(differs([](Results& other) { other.cases.clear(); }) ==
          "b.yaml [mode=synchronous] is a case of the others, and not of it");
    CHECK(differs([](Results& other) { other.cases.front().path = "c.yaml"; }) ==
          "c.yaml [mode=synchronous] is a case of it, and not of the others");
    CHECK(differs([](Results& other) { other.cases.push_back(some_case("a.yaml", 0)); }) ==
          "a.yaml [] is a case of it, and not of the others");
    CHECK(differs([](Results& other) { other.seed = 8; }) == "its seed is 8, that of the others 7");
    CHECK(differs([](Results& other) { other.asked.schedule = "priority"; }) ==
          "its --schedule is priority, that of the others time");
    CHECK(differs([](Results& other) { other.asked.runs = 41; }) ==
          "its number of runs is 41, that of the others 40");
    CHECK(differs([](Results& other) { other.asked.time = seconds(4); }) ==
          "its --time is 4 s, that of the others 3 s");
    CHECK(differs([](Results& other) { other.asked.acts = 5; }) ==
          "its --acts is 5, that of the others 12");
    CHECK(differs([](Results& other) { other.asked.faults = "in-budget"; }) ==
          "its choice of faults is in-budget, that of the others all");
    CHECK(differs([](Results& other) { other.asked.depth = 2; }) ==
          "its --depth is 2, that of the others 0");
    CHECK(differs([](Results& other) { other.cases[0].schedules->events = 61; }) ==
          "its b.yaml [mode=synchronous]: number of events is 61, that of the others 60");
    CHECK(differs([](Results& other) { other.cases[0].schedules.reset(); }) ==
          "its b.yaml [mode=synchronous]: schedule is time, that of the others priority");
}

}  // namespace sunder::campaign
