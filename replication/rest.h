// SPDX-License-Identifier: BSD-3-Clause
//
// How long a target rests whose disk refuses what it is sent. Else the same resync would begin at
// each reconnect and break off at the same place, for ever. Only the arithmetic is decided here;
// that a rest is over is said by the timer `rest`.
#pragma once

#include "base/units.h"

#include <algorithm>
#include <cstdint>

namespace sunder::replication {

/// Nothing is gained by counting more, and a search would find no end.
inline constexpr std::uint32_t most_refusals = 8;

/// `refusals`: how often in a row the leg was lost by the own disk, since a resync ended well. A
/// first one may be chance, so the target tries again at once; after that it rests for a settle
/// interval, and for twice as long each time, up to 64 of them (more than five minutes by default).
/// Somebody who has mended the disk and will not wait starts the node again.
constexpr Duration rest_after(std::uint32_t refusals, Duration settle_interval) {
    if (refusals < 2) return {};
    return settle_interval * (std::int64_t{1} << (std::min(refusals, most_refusals) - 2));
}

constexpr Duration longest_rest(Duration settle_interval) {
    return rest_after(most_refusals, settle_interval);
}

}  // namespace sunder::replication
