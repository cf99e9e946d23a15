// SPDX-License-Identifier: BSD-3-Clause
//
// Each mutant of the array is caught by random runs beside the model, and none is without a mutant.
#include "emulator/mutant.h"

#include "base/random.h"
#include "tests/emulator/rig.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <string>

namespace sunder::emulator::test {
namespace {

constexpr std::uint64_t most_runs = 2000;

struct Alive {
    explicit Alive(Mutant which) { living_mutant = which; }
    ~Alive() { living_mutant = Mutant::none; }
    Alive(Alive const&) = delete;
    Alive& operator=(Alive const&) = delete;
};

/// What the first run says that finds something wrong; the mutant is dead when that is said.
std::string hunt(Mutant which, std::uint64_t runs, std::uint64_t& found_after) {
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        RandomStream random(seed, 1, 0);
        Rig rig(*find_profile("eva-xcs6"), 3 * chunk_sectors + 37, false);
        auto const draw = [&] { return static_cast<std::uint16_t>(random.below(4096)); };
        Alive const alive(which);
        for (int acts = 0; acts < 60 && rig.wrong().empty(); ++acts) {
            rig.act(
                {static_cast<std::uint8_t>(random.below(kinds_of_acts)), draw(), draw(), draw()});
        }
        found_after = seed;
        if (!rig.wrong().empty()) return rig.wrong();
    }
    return "";
}

TEST_CASE("each mutant of the array is caught") {
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        auto const which = static_cast<Mutant>(m);
        std::uint64_t runs = 0;
        std::string const wrong = hunt(which, most_runs, runs);
        fmt::print("{:24} after {:3} runs: {}\n", name_of(which), runs, wrong);
        CHECK(!wrong.empty());
    }
}

TEST_CASE("the same runs find nothing without a mutant") {
    std::uint64_t runs = 0;
    CHECK(hunt(Mutant::none, most_runs, runs) == "");
}

}  // namespace
}  // namespace sunder::emulator::test
