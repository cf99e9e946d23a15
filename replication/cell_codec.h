// SPDX-License-Identifier: BSD-3-Clause
//
// What a copy keeps beside its data, as it is stored: the cell in an envelope of its own
// (base/sealed.h), the pages of the intent log as blocks of 4096 bytes. Where they are stored, and
// that a cell is old or new after a crash, is the driver's business.
//
// A page: "SunPage" and the version of its format as a figure; the checksum (u64) of all that
// follows; peer (u8), number (u32), stamp (u64, and u8 why it was minted), number of words (u16);
// at byte 64 the words, and zeroes behind them.
#pragma once

#include "replication/seam.h"

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <vector>

namespace sunder::replication {

inline constexpr std::size_t page_bytes = 4096;

/// A cell, whose it is, and how to read its intent log. What it says of peers, it says of them by
/// their place among the mirror's copies, and so do the pages beside it; another copy would read
/// its own name there (FLT-12).
struct StoredCell {
    Slot of;
    std::uint64_t chunk_sectors = 0;     ///< that a bit of the pages beside it stands for; 0: none
    std::uint64_t mirrored_sectors = 0;  ///< that they are about
    Cell cell;
    friend bool operator==(StoredCell const&, StoredCell const&) = default;
};
/// FLT-12: whether the copy of place `self` starts with what was stored of the copy of place `of`.
bool may_start_with(Slot self, Slot of) noexcept;
std::vector<std::byte> encode_cell(StoredCell const& stored);
/// The error says what was found, and what would be right.
std::expected<StoredCell, std::string> decode_cell(std::span<std::byte const> stored);

/// Exactly `page_bytes`. Requires a page that is not damaged, and no longer than a page can be.
std::vector<std::byte> encode_page(Page const& page);
/// What is stored where this page belongs. What is not whole, or belongs elsewhere, is damaged: all
/// its bits count as set (G13).
Page decode_page(std::span<std::byte const> stored, Slot peer, std::uint32_t number);

}  // namespace sunder::replication
