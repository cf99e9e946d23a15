// SPDX-License-Identifier: BSD-3-Clause
//
// Where the volumes of a mirror lie, and how its sectors are called. Machines, disks and checkers
// count in the mirror's one address space; hosts, scenario files and readers in its volumes.
#pragma once

#include "netsim/cluster.h"

#include <cstddef>
#include <string>
#include <vector>

namespace sunder::netsim {

/// The volume's sectors in the address space of the mirror. It must have that volume.
[[nodiscard]] Extent extent_of(MirrorSetup const& mirror, std::size_t volume);

/// The parts that no request reaches across: each volume, or the whole of a mirror without.
[[nodiscard]] std::vector<Extent> parts_of(MirrorSetup const& mirror);

/// "sectors 8..15", or "sectors 0..7 of volume log" where the mirror has volumes.
[[nodiscard]] std::string sectors_in_words(MirrorSetup const& mirror, Extent range);
/// "sector 8", or "sector 0 of volume log".
[[nodiscard]] std::string sector_in_words(MirrorSetup const& mirror, std::uint64_t sector);

}  // namespace sunder::netsim
