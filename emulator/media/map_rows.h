// SPDX-License-Identifier: BSD-3-Clause
//
// What the rows of a block map hold. Each body begins with the number of its format; all numbers
// are little-endian.
// - meta `map`: last name (u32), last node (u64), commits (u64).
// - map: family (u32), group (u16), sectors, root, shared below, mapped (u64 each), whether it was
//   dropped (u8) and when (u64), chunks that were given up (u64).
// - node: level (u8). A leaf's (1) entries follow in their order: place (u8), number of layers
// (u8),
//   and for each slot (u32) and mask (u16). 0 layers: a run of whole chunks in consecutive slots;
//   how many more than one there are (u8), and the first slot (u32). Any other node's children
//   follow: place (u8) and node (u64).
// - link: the maps ahead and behind (u32), mode (u8), chunks (u64), whether the pages of what is
//   lacking, and of what changed, are full where they have no row (u8 each), then every region
//   (u64) that hosts were writing.
// - link_page: 0 and the mask (u16) of all of its 256 chunks, or 1 and 256 masks.
#pragma once

#include "emulator/map_contents.h"
#include "emulator/media/bytes.h"

#include <cstdint>
#include <optional>

namespace sunder::emulator::media {

enum class LinkSet : std::uint8_t { lacking = 0, changed = 1 };
/// The row of one page of one of a link's sets.
constexpr std::uint64_t page_id(LinkId link, LinkSet set, std::uint64_t page) {
    return std::uint64_t{link.value} << 32 | std::uint64_t{static_cast<std::uint8_t>(set)} << 31 |
           page;
}

void write_meta(Writer& into, BlockMap const& map);
void write_map(Writer& into, BlockMap const& map, MapId id);
void write_node(Writer& into, Node const& node, unsigned level);
void write_link(Writer& into, Link const& link);
void write_page(Writer& into, SubSet::Page const& page);

/// False when the bytes cannot be that.
bool read_meta(Reader& from, MapContents& into);
bool read_map(Reader& from, MapId id, MapContents& into);
bool read_link(Reader& from, LinkId id, MapContents& into);
/// Requires that all links were read.
bool read_page(Reader& from, std::uint64_t id, MapContents& into);

/// A leaf, and one more than the last sub-chunk of its disk group's store that it names.
struct LeafReach {
    std::uint64_t sub_chunks = 0;
};
std::optional<LeafReach> read_node(Reader& from, NodeId id, MapContents& into);

}  // namespace sunder::emulator::media
