// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers and texts as bytes, a reader that is asked for too much, and envelopes.
#include "base/codec.h"

#include "base/checksum.h"
#include "base/sealed.h"
#include "tests/support/hex.h"

#include <catch2/catch.hpp>

namespace sunder {
namespace {

TEST_CASE("numbers are little-endian, and come back") {
    std::vector<std::byte> bytes;
    ByteWriter to(bytes);
    to.u8(0x01);
    to.u16(0x0203);
    to.u32(0x04050607);
    to.u64(0x08090a0b0c0d0e0f);
    to.boolean(true);
    to.text("ab");
    CHECK(test::hex(bytes) == test::packed("01 0302 07060504 0f0e0d0c0b0a0908 01 02000000 6162"));
    ByteReader from(bytes);
    CHECK(from.u8() == 0x01);
    CHECK(from.u16() == 0x0203);
    CHECK(from.u32() == 0x04050607);
    CHECK(from.u64() == 0x08090a0b0c0d0e0f);
    CHECK(from.boolean());
    CHECK_FALSE(from.at_end());
    CHECK(from.rest().size() == 6);
    CHECK(from.text(2) == "ab");
    CHECK(from.at_end());
    CHECK(from.at() == bytes.size());
}

TEST_CASE("a reader that was asked for too much stays failed, and gives nothing") {
    std::vector<std::byte> const bytes(5, std::byte{1});
    ByteReader from(bytes);
    CHECK(from.u64() == 0);
    CHECK(from.failed());
    CHECK(from.u8() == 0);
    CHECK(from.bytes(1).empty());
    CHECK(from.text().empty());
    CHECK(from.rest().empty());
    CHECK_FALSE(from.at_end());
    CHECK(from.at() == 0);

    std::vector<std::byte> const two{std::byte{2}};
    ByteReader flag(two);
    CHECK_FALSE(flag.boolean());
    CHECK(flag.failed());
}

TEST_CASE("a count is held against what is left") {
    std::vector<std::byte> bytes;
    ByteWriter to(bytes);
    to.u32(3);
    to.bytes(std::vector<std::byte>(11));
    CHECK(ByteReader(bytes).count(3) == 3);
    ByteReader from(bytes);
    CHECK(from.count(4) == 0);
    CHECK(from.failed());
    std::vector<std::byte> const many(4, std::byte{0xff});
    ByteReader text(many);
    CHECK(text.text().empty());
    CHECK(text.failed());
    ByteReader longer(bytes);
    CHECK(longer.text(2).empty());
    CHECK(longer.failed());
}

TEST_CASE("a checksum is of the bytes, however they are cut") {
    std::vector<std::byte> bytes(1000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i & 0xff);
    std::span<std::byte const> const all(bytes);
    std::uint64_t const whole = checksum({all});
    CHECK(whole == checksum({all.first(1), all.subspan(1, 400), {}, all.subspan(401)}));
    CHECK(whole != checksum({all.first(999)}));
    CHECK(checksum({}) == checksum({all.first(0)}));
    CHECK(checksum({all}) == 0xd33dd80b46f60e50);
}

TEST_CASE("an envelope holds what was put in, and nothing else") {
    constexpr Seal seal_of_test{"SunTest.", "a test", 3};
    std::vector<std::byte> const contents(7, std::byte{0x5a});
    std::vector<std::byte> const sealed = seal(seal_of_test, contents);
    CHECK(sealed.size() == sealed_head_bytes + contents.size());
    auto const back = unseal(seal_of_test, sealed);
    REQUIRE(back);
    CHECK(std::ranges::equal(*back, contents));
    Seal later = seal_of_test;
    later.version = 4;
    CHECK(unseal(later, sealed).error() ==
          "not a test: byte 8: a format of version 3; this build reads version 4");
    Seal const other{"SunOther", "another", 3};
    CHECK(unseal(other, sealed).error() == "not another: it does not begin with 'SunOther'");
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        std::vector<std::byte> flipped = sealed;
        flipped[bit / 8] ^= std::byte{1} << bit % 8;
        REQUIRE_FALSE(unseal(seal_of_test, flipped));
    }
}

}  // namespace
}  // namespace sunder
