// SPDX-License-Identifier: BSD-3-Clause
//
// Into which of the traps of replication engines (G1..G25) each mutant falls, and why some traps
// have no mutant. Who catches what is left to the hunts.
#pragma once

#include "base/mutant.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace sunder::netsim::test {

using Trap = std::uint8_t;  ///< 1 is G1
inline constexpr Trap last_trap = 25;

/// None for a mutant that is wrong in a way that is none of the list.
[[nodiscard]] std::span<Trap const> traps_of(Mutant);

/// Why nothing here can fall into it; empty where something can.
[[nodiscard]] std::string_view why_impossible(Trap);

}  // namespace sunder::netsim::test
