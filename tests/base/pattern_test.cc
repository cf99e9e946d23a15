// SPDX-License-Identifier: BSD-3-Clause
//
// The bytes of patterns: each sector is recognised, and nothing else is.
#include "base/pattern.h"

#include <array>
#include <catch2/catch.hpp>

namespace sunder {
namespace {

TEST_CASE("a sector of a pattern says which and where") {
    Payload const made = bytes_of({3, 77, 5});
    auto const all = made.as_bytes();
    for (std::uint64_t i = 0; i < 3; ++i) {
        auto const sector = all.subspan(i * sector_bytes).first<sector_bytes>();
        CHECK(recognise(sector) == Piece{1, 77, 5 + i});
    }
}

TEST_CASE("zeroes are zero, and what was changed in any bit is nobody's") {
    std::array<std::byte, sector_bytes> sector{};
    CHECK(recognise(sector) == Piece{1, 0, 0});
    write_pattern(9, 1, sector);
    for (std::size_t at = 0; at < sector.size(); ++at) {
        auto changed = sector;
        changed[at] ^= std::byte{0x10};
        CHECK_FALSE(recognise(changed).has_value());
    }
}

TEST_CASE("patterns of different ids and places differ in every word") {
    Payload const a = bytes_of({1, 1, 0});
    Payload const b = bytes_of({1, 1, 1});
    auto const* x = a.as_bytes().data();
    auto const* y = b.as_bytes().data();
    for (std::size_t at = 8; at < sector_bytes; at += 8) CHECK(std::memcmp(x + at, y + at, 8) != 0);
}

}  // namespace
}  // namespace sunder
