// SPDX-License-Identifier: BSD-3-Clause
//
// Are two runs of one seed alike, and is it said what is not alike in two that are of different
// ones? That it shows when something is kept between runs is for the tests of mutants.
#include "netsim/checkers/same_run_twice.h"

#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

using Run = SameRunTwice::Run;

Run played(std::uint64_t seed) {
    Stage stage(small_cluster(), seed);
    REQUIRE(stage.until_mirroring());
    stage.work(Stage::server1, 50, 64, 300);
    stage.power_cut(Stage::server1);
    REQUIRE(stage.run_until([&] { return stage.serves(Stage::server2); }));
    stage.end_well();
    return SameRunTwice::of(stage.world(), stage.findings());
}

TEST_CASE("a seed goes the same way twice, and another one another way") {
    Run const first = played(1);
    CHECK(SameRunTwice::difference(first, played(1)).empty());
    CHECK_FALSE(SameRunTwice::difference(first, played(2)).empty());
}

TEST_CASE("what two runs differ in is said, the coarsest first") {
    Run const first{1, 100, seconds(2), {}, {}};
    CHECK(SameRunTwice::difference(first, first).empty());
    Run again = first;
    again.allowed["x: y"] = 1;
    CHECK(SameRunTwice::difference(first, again) == "other outcomes were allowed");
    again.violations.push_back({"x", "SAF-1", seconds(1), "y"});
    CHECK(SameRunTwice::difference(first, again) == "other properties were broken");
    again.trace_hash = 2;
    CHECK(SameRunTwice::difference(first, again) ==
          "its trace was 0000000000000001, and then 0000000000000002");
    again.time = seconds(3);
    CHECK_THAT(SameRunTwice::difference(first, again), Catch::StartsWith("it ended at "));
    again.events = 99;
    CHECK(SameRunTwice::difference(first, again) == "it had 100 events, and then 99");
}

}  // namespace
}  // namespace sunder::netsim::test
