// SPDX-License-Identifier: BSD-3-Clause
//
// How far an exhaustive search goes: how much hosts do, and how much may go wrong. Faults are a
// budget that is spent state by state; what repairs a fault (restart, heal) is free.
#pragma once

#include "base/hash.h"
#include "netsim/world.h"

#include <cstdint>

namespace sunder::netsim {

/// Counts of each kind of thing that a host, a fault or an operator does.
struct Amounts {
    std::uint8_t writes = 0;
    std::uint8_t flushes = 0;
    std::uint8_t crashes = 0;     ///< of processes (FLT-1)
    std::uint8_t power_cuts = 0;  ///< of one node each (FLT-3)
    std::uint8_t cuts = 0;        ///< of one link each, both directions (FLT-6)
    std::uint8_t resets = 0;      ///< of all connections between two nodes
    std::uint8_t forces = 0;      ///< operators who force a copy online (R87)
    std::uint8_t switchovers = 0;

    [[nodiscard]] unsigned faults() const {
        return static_cast<unsigned>(crashes) + power_cuts + cuts + resets + forces + switchovers;
    }
    [[nodiscard]] Fingerprint fingerprint() const {
        return hash_words(writes, flushes, crashes, power_cuts, cuts, resets, forces, switchovers);
    }
    friend bool operator==(Amounts const&, Amounts const&) = default;
};

struct Bounds {
    /// Blocks of one sector, each a chunk of the intent log; the smallest unit, which cannot tear.
    std::uint8_t blocks = 2;
    Amounts most;
    unsigned faults = ~0U;  ///< of all kinds together
    Timing timing = Timing::by_duration;
    friend bool operator==(Bounds const&, Bounds const&) = default;
};

/// What the masks of the oracle can hold.
inline constexpr std::uint8_t most_blocks = 4;
inline constexpr std::uint8_t most_writes = 8;

}  // namespace sunder::netsim
