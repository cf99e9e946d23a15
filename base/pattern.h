// SPDX-License-Identifier: BSD-3-Clause
//
// The bytes of patterns, and back: a sector names its pattern and its place in it, and all of its
// other bytes follow from the two. So who finds a sector on a disk can say whose it is, or that it
// is nobody's.
#pragma once

#include "base/payload.h"

#include <cstddef>
#include <optional>
#include <span>

namespace sunder {

/// Requires whole sectors.
void write_pattern(std::uint64_t id, std::uint64_t offset, std::span<std::byte> sectors);
Payload bytes_of(Piece const& piece);
/// What one sector holds: zeroes, a sector of a pattern, or neither.
std::optional<Piece> recognise(std::span<std::byte const, sector_bytes> sector);

}  // namespace sunder
