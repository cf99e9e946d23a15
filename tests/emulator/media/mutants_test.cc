// SPDX-License-Identifier: BSD-3-Clause
//
// Each mutant of the store, and those of the array that reuse or empty slots too early, are caught
// by the tests that the store passes, and none is without a mutant.
#include "emulator/media/mutant.h"

#include "emulator/mutant.h"
#include "tests/emulator/media/crash_run.h"
#include "tests/emulator/media/emptied.h"
#include "tests/emulator/media/sticky.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

namespace sunder::emulator::media::test {
namespace {

constexpr std::uint64_t most_runs = 400;

struct Alive {
    explicit Alive(Mutant which, emulator::Mutant of_array = emulator::Mutant::none) {
        living_mutant = which;
        emulator::living_mutant = of_array;
    }
    ~Alive() {
        living_mutant = Mutant::none;
        emulator::living_mutant = emulator::Mutant::none;
    }
    Alive(Alive const&) = delete;
    Alive& operator=(Alive const&) = delete;
};

/// What the first run says that finds something wrong.
std::string hunt(std::uint64_t runs, std::uint64_t& found_after) {
    Tally tally;
    found_after = 0;
    if (auto words = try_sync_again(); !words.empty()) return words;
    if (auto words = empty_and_lose_power(); !words.empty()) return words;
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        found_after = seed;
        auto words =
            play({.seed = seed, .small_group = seed % 3 == 0, .flushes = 6, .between = 5}, tally);
        if (!words.empty()) return words;
    }
    return "";
}

TEST_CASE("each mutant of the store is caught") {
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        auto const which = static_cast<Mutant>(m);
        Alive const alive(which);
        std::uint64_t runs = 0;
        std::string const wrong = hunt(most_runs, runs);
        fmt::print("{:18} after {:3} runs: {}\n", name_of(which), runs, wrong);
        CHECK(wrong != "");
    }
}

TEST_CASE("what is done to a slot before its end is durable is caught on a real store") {
    for (auto const which :
         {emulator::Mutant::slot_reused_early, emulator::Mutant::emptied_early}) {
        Alive const alive(Mutant::none, which);
        std::uint64_t runs = 0;
        std::string const wrong = hunt(most_runs, runs);
        fmt::print("{:18} after {:3} runs: {}\n", name_of(which), runs, wrong);
        CHECK(wrong != "");
    }
}

TEST_CASE("fewer runs find nothing without a mutant") {
    std::uint64_t runs = 0;
    CHECK(hunt(most_runs / 10, runs) == "");
}

}  // namespace
}  // namespace sunder::emulator::media::test
