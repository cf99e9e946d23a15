// SPDX-License-Identifier: BSD-3-Clause
//
// Whatever of the unsynced changes a power cut leaves, the store opens, holds every flushed write,
// shows nobody else's data and leaks nothing. A table proves that the runs bite.
#include "tests/emulator/media/crash_run.h"
#include "tests/emulator/media/emptied.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

namespace sunder::emulator::media::test {
namespace {

#ifdef SUNDER_MANY_RUNS
constexpr std::uint64_t runs = 120;
#else
constexpr std::uint64_t runs = 12;
#endif

TEST_CASE("each state that a power cut may leave is one of those that may be") {
    Tally tally;
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        std::string const wrong = play({.seed = seed, .small_group = seed % 3 == 0}, tally);
        INFO("seed " << seed);
        REQUIRE(wrong == "");
    }
    std::uint64_t states = 0;
    for (auto const& [what, times] : tally) fmt::print("{:32} {:6}\n", what, times);
    for (char const* const what :
         {"all lost", "none lost", "one lost", "some lost", "killed", "killed in a flush",
          "power cut in a flush", "read back", "slots emptied"}) {
        INFO(what);
        CHECK(tally[what] >= runs / 4);
        states += tally[what];
    }
    CHECK(tally["the flush had come through"] > 0);
    fmt::print("{} runs, {} states\n", runs, states);
}

TEST_CASE("what a power cut would bring back is not emptied") {
    CHECK(empty_and_lose_power() == "");
}

}  // namespace
}  // namespace sunder::emulator::media::test
