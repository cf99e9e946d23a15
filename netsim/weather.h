// SPDX-License-Identifier: BSD-3-Clause
//
// What chance does on a way through the network (FLT-7), as arithmetic: how late a stream is that
// loses something, and how many beats it takes until some are lost in a row. It draws nothing: the
// caller hands the chance in. Whole numbers only, so that a run is the same on every compiler.
//
// Streams are TCP's: what is lost is sent again, in its order, after a timeout. What a simulation
// hands to a stream counts as one packet: of a long one, what is lost in its middle is sent again
// while the rest of it flows, and costs no time that counts. Beats are datagrams: gone is gone.
#pragma once

#include "base/share.h"
#include "base/units.h"

#include <algorithm>
#include <cstdint>

namespace sunder::netsim {

/// A probability, of `certain`.
using Odds = std::uint64_t;
inline constexpr Odds certain = Odds{1} << 63;

struct Weather {
    Duration jitter{};  ///< up to so much later, uniform
    Odds lost = 0;      ///< of what is sent, one by one; less than certain
    [[nodiscard]] bool fair() const { return jitter == Duration{} && lost == 0; }
    friend bool operator==(Weather const&, Weather const&) = default;
};

[[nodiscard]] Odds odds_of(Share share);
/// Of both, where neither has to do with the other.
[[nodiscard]] Odds both(Odds a, Odds b);
[[nodiscard]] inline Odds either(Odds a, Odds b) {
    return certain - both(certain - a, certain - b);
}

/// How often in a row something happens whose odds are `again`. `draw` is uniform in
/// [0, certain); 0 is the fewest. Requires again < certain.
[[nodiscard]] std::uint64_t times_in_a_row(Odds again, std::uint64_t draw);

/// Beats that are sent until, with the last of them, `missed` in a row are lost; 2^62 for never in
/// any run. What single losses before that add is taken at its mean. `lost` may be certain.
[[nodiscard]] std::uint64_t beats_until_silence(Odds lost, std::uint32_t missed,
                                                std::uint64_t draw);

/// What Linux waits at least before it takes something for lost. It waits for longer where round
/// trips take long: the measured one and four times its variation, here two round trips.
inline constexpr Duration least_retransmission = milliseconds(200);
/// More losses in a row are not counted: the stream has stood still for 12.6 s at least by then,
/// longer than most would wait for it.
inline constexpr std::uint64_t most_retransmissions = 6;

/// How late what was lost so often in a row arrives: the timeout doubles each time (RFC 6298).
[[nodiscard]] constexpr Duration retransmitted_after(std::uint64_t losses, Duration round_trip) {
    Duration const first = std::max(least_retransmission, round_trip * 2);
    return first * ((std::int64_t{1} << std::min(losses, most_retransmissions)) - 1);
}

}  // namespace sunder::netsim
