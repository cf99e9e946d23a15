// SPDX-License-Identifier: BSD-3-Clause
//
// Fixed-point powers, and the times between rare things by their inverse distribution.
#include "netsim/weather.h"

#include <array>

namespace sunder::netsim {

namespace {

__extension__ using Wide = unsigned __int128;
constexpr std::uint64_t never = std::uint64_t{1} << 62;

Odds power(Odds base, std::uint32_t exponent) {
    Odds made = certain;
    for (; exponent != 0; exponent >>= 1) {
        if ((exponent & 1) != 0) made = both(made, base);
        base = both(base, base);
    }
    return made;
}

/// The most n for which again^n is not below `bar`, up to 2^41.
std::uint64_t steps_down_to(Odds again, Odds bar) {
    std::array<Odds, 41> powers{};  // again^(2^i)
    for (Odds& one : powers) {
        one = again;
        again = both(again, again);
    }
    Odds reached = certain;
    std::uint64_t steps = 0;
    for (std::size_t i = powers.size(); i-- > 0;) {
        Odds const next = both(reached, powers[i]);
        if (next < bar) continue;
        reached = next;
        steps += std::uint64_t{1} << i;
    }
    return steps;
}

}  // namespace

Odds odds_of(Share share) {
    return static_cast<Odds>(static_cast<Wide>(certain) * share.millionths / Share::whole);
}

Odds both(Odds a, Odds b) { return static_cast<Odds>(static_cast<Wide>(a) * b >> 63); }

std::uint64_t times_in_a_row(Odds again, std::uint64_t draw) {
    return steps_down_to(again, certain - draw);
}

/// Each beat that arrives begins anew: `missed` lost ones follow it, or fewer and another arrival.
std::uint64_t beats_until_silence(Odds lost, std::uint32_t missed, std::uint64_t draw) {
    if (lost == certain) return missed;
    Odds const all = power(lost, missed);
    if (all == 0) return never;
    std::uint64_t const arrivals = steps_down_to(certain - all, draw + 1);
    // The mean of how many are lost in a row, given that they are fewer than `missed`; of 2^32.
    Wide const unbounded = (static_cast<Wide>(lost) << 32) / (certain - lost);
    Wide const too_many =
        ((static_cast<Wide>(all) << 32) / (certain - all)) * static_cast<Wide>(missed);
    Wide const mean = unbounded > too_many ? unbounded - too_many : 0;
    Wide const between = static_cast<Wide>(arrivals) * mean >> 32;
    Wide const beats = between + arrivals + missed;
    return static_cast<std::uint64_t>(std::min<Wide>(beats, never));
}

}  // namespace sunder::netsim
