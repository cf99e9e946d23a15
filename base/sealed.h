// SPDX-License-Identifier: BSD-3-Clause
//
// The envelope of what is stored whole: what it is, the version of its format, its length and a
// checksum. So what was torn, cut off, mixed up or written by a later build is refused by name, and
// what is inside is looked at only when it is what was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder {

struct Seal {
    char mark[9];             ///< eight characters that the bytes begin with
    std::string_view what;    ///< for people: "a cell"
    std::uint16_t version{};  ///< that is written
};

/// The envelope's bytes before its contents: mark, version (u16), length (u32), checksum (u64).
inline constexpr std::size_t sealed_head_bytes = 22;

std::vector<std::byte> seal(Seal const& seal, std::span<std::byte const> contents);
/// The contents. The error says what was found, and what would be right.
std::expected<std::span<std::byte const>, std::string> unseal(Seal const& seal,
                                                              std::span<std::byte const> sealed);

}  // namespace sunder
