// SPDX-License-Identifier: BSD-3-Clause
//
// What is told of strangers stays bounded, whatever they do, and their number is told.
#include "nodes/live/refusals.h"

#include <catch2/catch.hpp>

using sunder::live::Refusals;
using Lines = std::vector<std::string>;

namespace {

Refusals::Time at(int seconds) { return Refusals::Time(std::chrono::seconds(seconds)); }

}  // namespace

TEST_CASE("A reason is told once a minute for each address, with how often it was not told") {
    Refusals refusals;
    CHECK(refusals.add("10.0.0.1:4000", "it did not greet", at(0)) ==
          Lines{"a connection from 10.0.0.1:4000 was refused: it did not greet"});
    for (int n = 0; n < 1000; ++n) {
        CHECK(refusals.add("10.0.0.1:" + std::to_string(5000 + n), "it did not greet", at(1))
                  .empty());
    }
    CHECK(refusals.add("10.0.0.2:4000", "it did not greet", at(2)).size() == 1);
    CHECK(refusals.add("10.0.0.1:4000", "another cluster", at(3)).size() == 1);
    CHECK(refusals.add("", "it did not greet", at(3)) ==
          Lines{"a connection was refused: it did not greet"});
    CHECK(refusals.due(at(59)).empty());
    CHECK(refusals.due(at(60)) ==
          Lines{"a connection from 10.0.0.1 was refused: it did not greet; 1000 more in the last "
                "minute"});
    CHECK(refusals.withholds());
    CHECK(refusals.due(at(70)).empty());
    CHECK_FALSE(refusals.withholds());
    // Whoever goes on is told of again.
    CHECK(refusals.add("10.0.0.1:4000", "it did not greet", at(71)).size() == 1);
}

TEST_CASE("Strangers that say something else each time are counted, not kept") {
    Refusals refusals;
    std::size_t told = 0;
    for (int n = 0; n < 10000; ++n) {
        told += refusals.add("10.0.0.1:1", "cluster " + std::to_string(n), at(n / 1000)).size();
    }
    CHECK(told == Refusals::most_kept);
    CHECK(refusals.due(at(100)) ==
          Lines{std::to_string(10000 - Refusals::most_kept) +
                " more connections were refused in the last minute, from other places or for "
                "other reasons"});
    CHECK_FALSE(refusals.withholds());
}
