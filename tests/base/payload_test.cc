// SPDX-License-Identifier: BSD-3-Clause
//
// What content is: patterns, zeroes and bytes, when they are equal, and that copies share.
#include "base/payload.h"

#include <catch2/catch.hpp>

namespace sunder {
namespace {

Payload bytes_of(std::uint64_t sectors, unsigned char value) {
    std::shared_ptr<std::byte> const room = Payload::room(sectors);
    std::memset(room.get(), value, sectors * sector_bytes);
    return Payload::bytes(room, sectors);
}

TEST_CASE("bytes are equal when all of them are") {
    Payload const a = bytes_of(2, 7);
    CHECK(a.sectors() == 2);
    CHECK(a == bytes_of(2, 7));
    CHECK(a.fingerprint() == bytes_of(2, 7).fingerprint());
    CHECK_FALSE(a == bytes_of(1, 7));
    std::shared_ptr<std::byte> const room = Payload::room(2);
    std::memset(room.get(), 7, 2 * sector_bytes);
    room.get()[2 * sector_bytes - 1] = std::byte{8};
    Payload const last = Payload::bytes(room, 2);
    CHECK_FALSE(a == last);
    CHECK(a.fingerprint() != last.fingerprint());
}

TEST_CASE("a copy of bytes is the same bytes") {
    Payload const a = bytes_of(1, 1);
    Payload const copy = a;
    CHECK(copy.as_bytes().data() == a.as_bytes().data());
    CHECK(copy.as_bytes().size() == sector_bytes);
}

TEST_CASE("what is described and what is there are never equal") {
    CHECK_FALSE(bytes_of(1, 0) == Payload::zero(1));
    CHECK_FALSE(Payload::of({{1, 5, 0}, {1, 0, 0}}) == bytes_of(2, 0));
    CHECK(Payload::of({{1, 5, 0}, {1, 0, 0}}) == Payload::of({{1, 5, 0}, {1, 0, 0}}));
    CHECK_FALSE(Payload::of({{1, 5, 0}, {1, 0, 0}}) == Payload::of({{1, 6, 0}, {1, 0, 0}}));
    CHECK_FALSE(Payload::zero(1).is_bytes());
}

TEST_CASE("the first and the last of all patterns are patterns") {
    for (std::uint64_t const id : {std::uint64_t{1}, ~std::uint64_t{0}, ~std::uint64_t{1}}) {
        Payload const one = Payload::pattern(2, id, 0);
        CHECK_FALSE(one.is_bytes());
        one.for_each([&](Piece const& piece) { CHECK(piece == Piece{2, id, 0}); });
    }
}

}  // namespace
}  // namespace sunder
