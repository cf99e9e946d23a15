// SPDX-License-Identifier: BSD-3-Clause
//
// What can be wrong with a disk, as values: operations that fail and say so (FLT-8, FLT-9), and
// lies, which it tells nobody of (FLT-3, FLT-4, FLT-10). How a disk behaves with them is its own
// business; what nobody can be blamed for then is in checkers/injuries.h.
#pragma once

#include "base/payload.h"
#include "base/units.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sunder::netsim {

/// What a power cut leaves of a write that it tears (FLT-3).
enum class Tears : std::uint8_t {
    sectors,  ///< any of its 512 B sectors
    blocks,   ///< any of its 4 KiB blocks
    head,     ///< shorn: what lies before some point
    tail,     ///< shorn: what lies behind some point
};

/// Which kinds of operation fail, from now on and anywhere.
struct DiskFaults {
    bool reads = false;
    bool writes = false;
    bool flushes = false;
    std::uint32_t slowness = 1;  ///< every operation takes so many times longer
    bool stores = false;         ///< of the cell and the intent log: there is no room for them
    bool hangs = false;          ///< nothing is answered any more
    [[nodiscard]] bool fails() const { return reads || writes || flushes || stores || hangs; }
    [[nodiscard]] bool healthy() const { return !fails() && slowness == 1; }
    friend bool operator==(DiskFaults const&, DiskFaults const&) = default;
};

/// What a disk does to its data without a word.
enum class DiskLie : std::uint8_t {
    bit_rot,            ///< what was at rest has changed
    wrong_read,         ///< a read returns something else than what is there
    stale_read,         ///< a read returns what was there once
    lost_write,         ///< a write was answered, and not done
    misdirected_write,  ///< a write was answered, and done somewhere else
    ignored_flush,      ///< a flush was answered, and power took back what it covered
    old_data,           ///< somebody put back what was there once
    last
};
std::string_view name_of(DiskLie lie);
std::optional<DiskLie> disk_lie_of(std::string_view name);

/// Something that goes wrong with the next operations on a range.
struct DiskTrap {
    std::optional<DiskLie> lie;  ///< nothing: the operation fails, and says so
    // Of those that fail:
    bool reads = false;
    bool writes = false;
    bool flushes = false;
    bool stores = false;
    Extent range;             ///< what it has to touch; empty: whatever it touches
    std::uint32_t count = 1;  ///< so many times; 0: until it is mended
    friend bool operator==(DiskTrap const&, DiskTrap const&) = default;
};

/// What is somewhere, or was read there, in place of what the disk was told to hold.
struct Spoilt {
    Extent range;
    Payload there;
};

/// A misdirected write lands so much further, or at the beginning where the disk ends before.
inline constexpr std::uint64_t misdirected_by = KiB(64).bytes / sector_bytes;

/// Contents that no host asked for; each is used once.
inline constexpr std::uint64_t first_rotten = 0x7000'0000'0000'0000ULL;
inline bool is_rotten(std::uint64_t content) { return content >> 60 == 7; }
/// What is in the range when it is rotten.
inline Payload rotten_there(Extent range, std::uint64_t rotten) {
    return Payload::pattern(range.count, rotten, range.first);
}

}  // namespace sunder::netsim
