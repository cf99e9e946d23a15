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
    std::uint8_t reads = 0;
    std::uint8_t trims = 0;
    std::uint8_t pauses = 0;       ///< operators who keep a target apart (R57); a resume is free
    std::uint8_t disk_faults = 0;  ///< one kind of operation of one node's disk; mending is free
    [[nodiscard]] unsigned faults() const {
        return static_cast<unsigned>(crashes) + power_cuts + cuts + resets + forces + switchovers +
               pauses + disk_faults;
    }
    [[nodiscard]] Fingerprint fingerprint() const {
        return hash_words(writes, flushes, crashes, power_cuts, cuts, resets, forces, switchovers,
                          reads, trims, pauses, disk_faults);
    }
    friend bool operator==(Amounts const&, Amounts const&) = default;
};

inline constexpr unsigned any_number = ~0U;

struct Bounds {
    /// Blocks of one sector, each a chunk of the intent log; the smallest unit, which cannot tear.
    std::uint8_t blocks = 2;
    Amounts most;
    unsigned faults = any_number;  ///< of all kinds together
    /// How often a run may leave the order in which things were begun (action.h, `deviates`).
    unsigned deviations = any_number;
    Timing timing = Timing::by_duration;
    friend bool operator==(Bounds const&, Bounds const&) = default;
};

/// What the masks of the oracle can hold.
inline constexpr std::uint8_t most_blocks = 4;
inline constexpr std::uint8_t most_writes = 8;
inline constexpr std::uint8_t most_trims = 4;
inline constexpr std::uint8_t most_flushes = 4;
inline constexpr std::uint8_t most_reads = 4;

}  // namespace sunder::netsim
