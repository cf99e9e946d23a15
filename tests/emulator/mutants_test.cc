// SPDX-License-Identifier: BSD-3-Clause
//
// Each mutant of the array is caught by random runs beside the model, and none is without a mutant.
#include "emulator/mutant.h"

#include "base/random.h"
#include "tests/emulator/rig.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace sunder::emulator::test {
namespace {

constexpr std::uint64_t most_runs = 2000;

struct Alive {
    explicit Alive(Mutant which) { living_mutant = which; }
    ~Alive() { living_mutant = Mutant::none; }
    Alive(Alive const&) = delete;
    Alive& operator=(Alive const&) = delete;
};

std::string play(Mutant which, std::vector<Act> const& acts) {
    Rig rig(*find_profile("eva-xcs6"), 3 * chunk_sectors + 37, false);
    Alive const alive(which);
    for (Act const& act : acts) {
        rig.act(act);
        if (!rig.wrong().empty()) break;
    }
    return rig.wrong();
}

/// What the first run says that finds something wrong, with the acts that it needs; the mutant is
/// dead when that is said.
std::string hunt(Mutant which, std::uint64_t runs, std::uint64_t& found_after) {
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        RandomStream random(seed, 1, 0);
        auto const draw = [&] { return static_cast<std::uint16_t>(random.below(4096)); };
        std::vector<Act> acts;
        for (int i = 0; i < 60; ++i) {
            auto const kind = static_cast<std::uint8_t>(random.below(kinds_of_acts));
            std::uint16_t const a = draw();
            std::uint16_t const b = draw();
            acts.push_back({kind, a, b, draw()});
        }
        found_after = seed;
        std::string wrong = play(which, acts);
        if (wrong.empty()) continue;
        for (std::size_t at = acts.size(); at-- > 0;) {
            std::vector<Act> fewer = acts;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at));
            std::string const still = play(which, fewer);
            if (still.empty()) continue;
            acts = std::move(fewer);
            wrong = still;
        }
        for (Act const& act : acts) wrong += "\n    " + in_text(act);
        return wrong;
    }
    return "";
}

TEST_CASE("each mutant of the array is caught") {
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        auto const which = static_cast<Mutant>(m);
        // Of space and of what is reported, which the model does not ask for: checkers catch them
        // (tests/netsim/checkers/array_mutants_test.cc). Of what only a real store does:
        // tests/emulator/media/mutants_test.cc.
        bool const of_others = which == Mutant::growth_uncounted ||
                               which == Mutant::independent_too_early ||
                               which == Mutant::emptied_early;
        if (of_others) continue;
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
