// SPDX-License-Identifier: BSD-3-Clause
//
// Do rare things happen as often as they should, when only their moments are drawn? Chance is a
// stream of its own seed here, so that each check is the same each time.
#include "netsim/weather.h"

#include "base/random.h"

#include <catch2/catch.hpp>

#include <cmath>

namespace sunder::netsim {
namespace {

constexpr Odds half = certain / 2;
constexpr std::uint64_t never = std::uint64_t{1} << 62;

Odds percent(std::uint32_t number) { return odds_of(Share{number * 10'000}); }

/// As one beat after the other would have it.
std::uint64_t beat_by_beat(Odds lost, std::uint32_t missed, RandomStream& chance) {
    std::uint64_t beats = 0;
    for (std::uint32_t in_a_row = 0; in_a_row < missed; ++beats) {
        in_a_row = chance.below(certain) < lost ? in_a_row + 1 : 0;
    }
    return beats;
}

}  // namespace

TEST_CASE("Odds are of the whole, of both, of either") {
    CHECK(odds_of(Share{}) == 0);
    CHECK(odds_of(Share{Share::whole}) == certain);
    CHECK(odds_of(Share{500'000}) == half);
    CHECK(both(half, half) == certain / 4);
    CHECK(both(certain, half) == half);
    CHECK(either(half, half) == certain / 4 * 3);
    CHECK(either(half, 0) == half);
    CHECK(either(0, 0) == 0);
}

TEST_CASE("What happens once in two is met in a row as often as it should be") {
    CHECK(times_in_a_row(half, 0) == 0);
    CHECK(times_in_a_row(half, half - 1) == 0);
    CHECK(times_in_a_row(half, half) == 1);
    CHECK(times_in_a_row(half, certain / 4 * 3) == 2);
    CHECK(times_in_a_row(half, certain - 1) == 63);
    CHECK(times_in_a_row(0, certain - 1) == 0);
    CHECK(times_in_a_row(percent(1), certain / 100 * 98) == 0);
    CHECK(times_in_a_row(percent(1), certain / 1000 * 995) == 1);
}

TEST_CASE("Where all beats are lost silence comes at once, and no beat ever") {
    for (std::uint64_t const draw : {std::uint64_t{0}, certain / 2, certain - 1}) {
        CHECK(beats_until_silence(certain, 3, draw) == 3);
        CHECK(times_in_a_row(certain, draw) > std::uint64_t{1} << 40);
    }
}

TEST_CASE("Silence comes as late as if each beat had been lost or not, one by one") {
    for (std::uint32_t const lost : {1U, 20U, 50U, 90U}) {
        for (std::uint32_t const missed : {1U, 2U, 3U}) {
            if (lost == 1 && missed == 3) continue;  // a million beats each time
            CAPTURE(lost, missed);
            RandomStream chance(7, lost, missed);
            constexpr int times = 4'000;
            double drawn = 0;
            double played = 0;
            std::uint64_t least = never;
            for (int i = 0; i < times; ++i) {
                std::uint64_t const beats =
                    beats_until_silence(percent(lost), missed, chance.below(certain));
                least = std::min(least, beats);
                drawn += static_cast<double>(beats) / times;
                if (missed * (100 - lost) < 250)
                    played +=
                        static_cast<double>(beat_by_beat(percent(lost), missed, chance)) / times;
            }
            double const p = lost / 100.0;
            double const expected = (1 - std::pow(p, missed)) / ((1 - p) * std::pow(p, missed));
            CHECK(least >= missed);
            CHECK(drawn == Approx(expected).epsilon(0.05).margin(0.5));
            if (played > 0) CHECK(played == Approx(expected).epsilon(0.05));
        }
    }
}

TEST_CASE("Beats that are hardly ever lost are never lost in a row") {
    CHECK(beats_until_silence(odds_of(Share{1}), 10, 0) == never);
    CHECK(beats_until_silence(0, 1, certain - 1) == never);
    CHECK(beats_until_silence(percent(1), 3, certain - 1) == 3);
    CHECK(beats_until_silence(percent(1), 1000, certain - 1) == never);
}

TEST_CASE("A stream waits twice as long after each loss, and not for ever") {
    CHECK(retransmitted_after(0, milliseconds(500)) == Duration{});
    CHECK(retransmitted_after(1, microseconds(400)) == milliseconds(200));
    CHECK(retransmitted_after(2, microseconds(400)) == milliseconds(600));
    CHECK(retransmitted_after(3, microseconds(400)) == milliseconds(1400));
    CHECK(retransmitted_after(1, milliseconds(500)) == seconds(1));
    CHECK(retransmitted_after(6, {}) == milliseconds(12'600));
    CHECK(retransmitted_after(60, {}) == milliseconds(12'600));
}

}  // namespace sunder::netsim
