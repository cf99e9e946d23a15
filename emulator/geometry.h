// SPDX-License-Identifier: BSD-3-Clause
//
// How the array cuts space: chunks of 64 KiB, which are mapped and shared one by one, of sixteen
// sub-chunks of 4 KiB, each of which may lie elsewhere, so that a small write after a snapshot
// copies nothing it does not need. Where a chunk lies is decided by write_plans.cc.
#pragma once

#include "base/describe.h"
#include "base/ids.h"
#include "base/units.h"
#include "base/verify.h"

#include <algorithm>
#include <cstdint>

namespace sunder::emulator {

inline constexpr std::uint64_t sub_chunk_sectors = 8;
inline constexpr unsigned sub_chunks = 16;
inline constexpr std::uint64_t chunk_sectors = sub_chunk_sectors * sub_chunks;
inline constexpr std::uint64_t chunk_bytes = chunk_sectors * sector_bytes;

/// Sub-chunks of one chunk: bit c is sub-chunk c.
using Mask = std::uint16_t;
inline constexpr Mask no_sub_chunk = 0;
inline constexpr Mask whole_chunk = 0xffff;

using DiskGroupId = Id<struct DiskGroupTag, std::uint16_t>;  ///< minted by the array, never reused
using VolumeId = Id<struct VolumeTag, std::uint32_t>;        ///< minted by the array, never reused
using MapId = Id<struct MapTag, std::uint32_t>;        ///< one member of a family in the block map
using FamilyId = Id<struct FamilyTag, std::uint32_t>;  ///< maps that share chunks
using LineId = Id<struct LineTag, std::uint32_t>;      ///< families whose chunks depend on another
using LinkId = Id<struct LinkTag, std::uint32_t>;      ///< a clone and what it is copied from

/// A place for one chunk in a disk group's store: slot n is its bytes [n * 64 KiB, ...).
using Slot = std::uint32_t;

/// A number of the row of changes to the map; 0 is before the first one.
using Commit = std::uint64_t;

/// Where one sub-chunk's data lies.
struct Place {
    DiskGroupId group;
    Slot slot = 0;
    std::uint8_t sub = 0;  ///< below `sub_chunks`
    friend constexpr auto operator<=>(Place const&, Place const&) = default;
};
SUNDER_DESCRIBE(Place, group, slot, sub);

constexpr std::uint64_t chunk_of(std::uint64_t sector) { return sector / chunk_sectors; }
constexpr std::uint64_t chunks_for(std::uint64_t sectors) {
    return (sectors + chunk_sectors - 1) / chunk_sectors;
}
constexpr Mask bit(unsigned sub) { return static_cast<Mask>(1U << sub); }
constexpr Mask without(Mask mask, Mask gone) { return static_cast<Mask>(mask & ~gone); }
/// The first sub-chunk of a mask that is not empty.
constexpr unsigned first_of(Mask mask) {
    return static_cast<unsigned>(__builtin_ctz(static_cast<unsigned>(mask)));
}
constexpr unsigned count_of(Mask mask) {
    return static_cast<unsigned>(__builtin_popcount(static_cast<unsigned>(mask)));
}
constexpr Mask mask_of(unsigned first, unsigned end) {
    return static_cast<Mask>((1U << end) - (1U << first));
}

/// The part of `range` that lies in its first chunk. Requires a range that is not empty.
constexpr Extent first_chunk_of(Extent range) {
    std::uint64_t const room = chunk_sectors - range.first % chunk_sectors;
    return {range.first, std::min(range.count, room)};
}
/// Sub-chunks of which `range`, inside one chunk, holds at least a sector.
constexpr Mask touched_by(Extent range) {
    std::uint64_t const first = range.first % chunk_sectors;
    std::uint64_t const end = first + range.count;
    VERIFY(range.count > 0 && end <= chunk_sectors);
    return mask_of(static_cast<unsigned>(first / sub_chunk_sectors),
                   static_cast<unsigned>((end + sub_chunk_sectors - 1) / sub_chunk_sectors));
}
/// Sub-chunks that `range`, inside one chunk, holds in full. What is beyond the end of a volume of
/// `sectors` counts as held.
constexpr Mask covered_by(Extent range, std::uint64_t sectors) {
    std::uint64_t const first = range.first % chunk_sectors;
    std::uint64_t end = first + range.count;
    if (range.end() == sectors) end = chunk_sectors;
    auto const from = static_cast<unsigned>((first + sub_chunk_sectors - 1) / sub_chunk_sectors);
    auto const to = static_cast<unsigned>(end / sub_chunk_sectors);
    return from < to ? mask_of(from, to) : no_sub_chunk;
}

}  // namespace sunder::emulator
