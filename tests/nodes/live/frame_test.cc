// SPDX-License-Identifier: BSD-3-Clause
//
// Frames: golden bytes, every truncation and every flipped bit, what is too large or makes no
// sense, and content that travels compressed.
#include "nodes/live/frame.h"

#include "tests/support/hex.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace sunder::live {
namespace {

using Header = std::array<std::byte, frame_header_bytes>;

std::vector<std::byte> bytes(std::size_t count, unsigned first) {
    std::vector<std::byte> made(count);
    for (std::size_t i = 0; i < count; ++i) made[i] = std::byte((first + i * 7) & 0xff);
    return made;
}

Header header_of(FrameKind kind, std::span<std::byte const> head,
                 std::span<std::byte const> content, std::uint32_t sectors, bool compressed) {
    Header header;
    write_header(kind, head, content, sectors, compressed, header.data());
    return header;
}

/// What a receiver makes of bytes that arrived on a connection.
enum class Heard { refused, waits, frame };
Heard hear(std::span<std::byte const> arrived) {
    if (arrived.size() < frame_header_bytes) return Heard::waits;
    auto const header = arrived.first<frame_header_bytes>();
    auto const found = read_header(header);
    if (!found) return Heard::refused;
    std::span<std::byte const> const rest = arrived.subspan(frame_header_bytes);
    if (rest.size() < found->head_bytes + found->content_bytes) return Heard::waits;
    auto const content = rest.subspan(found->head_bytes, found->content_bytes);
    return check_frame(header, rest.first(found->head_bytes), content) ? Heard::frame
                                                                       : Heard::refused;
}

std::vector<std::byte> frame_of(std::size_t head_bytes, std::uint32_t sectors) {
    std::vector<std::byte> const head = bytes(head_bytes, 3);
    std::vector<std::byte> const content = bytes(sectors * sector_bytes, 5);
    Header const header = header_of(FrameKind::mirror, head, content, sectors, false);
    std::vector<std::byte> frame(header.begin(), header.end());
    frame.insert(frame.end(), head.begin(), head.end());
    frame.insert(frame.end(), content.begin(), content.end());
    return frame;
}

TEST_CASE("a frame's header is the bytes that other builds speak") {
    auto const head = bytes(3, 1);
    auto const content = bytes(2 * sector_bytes, 2);
    CHECK(test::hex(header_of(FrameKind::mirror, head, content, 2, false)) ==
          test::packed("53756e46 01020000 03000000 00040000 02000000 00000000 3ca8d88bc6422b92"));
    CHECK(test::hex(header_of(FrameKind::mirror, head, std::span(content).first(5), 2, true)) ==
          test::packed("53756e46 01020100 03000000 05000000 02000000 00000000 7ac665be16e192d1"));
    CHECK(test::hex(header_of(FrameKind::greeting, head, {}, 0, false)) ==
          test::packed("53756e46 01010000 03000000 00000000 00000000 00000000 ae251311aa2c8542"));
    CHECK(test::hex(header_of(FrameKind::control, {}, {}, 0, false)) ==
          test::packed("53756e46 01030000 00000000 00000000 00000000 00000000 916169ac6476b7c5"));
}

TEST_CASE("a frame says what it is") {
    auto const head = bytes(77, 1);
    auto const content = bytes(2 * sector_bytes, 2);
    Header const header = header_of(FrameKind::mirror, head, content, 2, false);
    auto const found = read_header(header);
    REQUIRE(found);
    CHECK(found->kind == FrameKind::mirror);
    CHECK_FALSE(found->compressed);
    CHECK(found->head_bytes == 77);
    CHECK(found->content_bytes == 1024);
    CHECK(found->content_sectors == 2);
    CHECK(check_frame(header, head, content));
    std::uint64_t sum = 0;
    std::memcpy(&sum, &header[24], sizeof sum);
    CHECK(found->checksum == sum);
}

TEST_CASE("no bit of a frame can be flipped without being noticed") {
    for (auto const& frame : {frame_of(40, 0), frame_of(40, 1), frame_of(0, 0)}) {
        REQUIRE(hear(frame) == Heard::frame);
        std::size_t waits = 0;
        for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
            std::vector<std::byte> flipped = frame;
            flipped[bit / 8] ^= std::byte{1} << bit % 8;
            Heard const heard = hear(flipped);
            INFO("bit " << bit);
            REQUIRE(heard != Heard::frame);
            waits += heard == Heard::waits ? 1 : 0;
        }
        CHECK(waits > 0);  // a length that grew, within its bounds
        CHECK(waits < 32);
    }
}

TEST_CASE("what is cut off is waited for") {
    auto const frame = frame_of(40, 1);
    for (std::size_t kept = 0; kept < frame.size(); ++kept)
        REQUIRE(hear(std::span(frame).first(kept)) == Heard::waits);
}

TEST_CASE("a header that cannot be is refused before anything is waited for") {
    Header const right =
        header_of(FrameKind::mirror, bytes(8, 1), bytes(sector_bytes, 2), 1, false);
    auto const error = [&](std::size_t at, std::uint32_t value, std::size_t size) {
        Header changed = right;
        std::memcpy(&changed[at], &value, size);
        auto const found = read_header(changed);
        REQUIRE_FALSE(found);
        return found.error();
    };
    CHECK(error(0, 0x20544547, 4) ==
          "a frame's header: it does not begin with 'SunF': this is no "
          "peer, or not where a frame begins");
    CHECK(error(4, 2, 1) == "a frame's header: byte 4: version 2, this build speaks version 1");
    CHECK(error(5, 0, 1) == "a frame's header: byte 5: kind 0, 1, 2 or 3 would be right");
    CHECK(error(5, 4, 1) == "a frame's header: byte 5: kind 4, 1, 2 or 3 would be right");
    CHECK(error(6, 2, 1) ==
          "a frame's header: byte 6: flags 2 or what is unused, 0 would be right");
    CHECK(error(7, 1, 1) ==
          "a frame's header: byte 6: flags 0 or what is unused, 0 would be right");
    CHECK(error(20, 1, 4) ==
          "a frame's header: byte 6: flags 0 or what is unused, 0 would be right");
    CHECK(error(8, most_head_bytes + 1, 4) ==
          "a frame's header: byte 8: a head of 16777217 bytes, "
          "at most 16777216 would be right");
    CHECK(error(12, most_content_bytes + sector_bytes, 4).find("at most 33554432 bytes") !=
          std::string::npos);
    CHECK(error(16, 0xffffffff, 4).find("at most 33554432 bytes") != std::string::npos);
    CHECK(error(16, 2, 4) ==
          "a frame's header: byte 12: 512 bytes for 2 sectors, exactly 1024 "
          "would be right");
    CHECK(error(6, 1, 1) ==
          "a frame's header: byte 12: compressed 512 bytes for 1 sectors, less "
          "than 512 would be right");
}

std::shared_ptr<std::byte> received(std::span<std::byte const> content) {
    std::shared_ptr<std::byte> const room = Payload::room(content.size() / sector_bytes + 1);
    std::ranges::copy(content, room.get());
    return room;
}

TEST_CASE("content that can be made smaller comes back as it was") {
    std::vector<std::byte> content(64 * sector_bytes);
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = std::byte((i / 100) & 0xff);
    for (int level = 1; level <= Compressor::highest_level; ++level) {
        Compressor compressor(level);
        for (std::uint32_t sectors : {64U, 1U, 33U}) {
            std::span<std::byte const> const part =
                std::span(content).first(sectors * sector_bytes);
            auto const small = compressor.compress(part);
            REQUIRE(small);
            CHECK(small->size() < part.size());
            Header const wire = header_of(FrameKind::mirror, {}, *small, sectors, true);
            auto const header = read_header(wire);
            REQUIRE(header);
            CHECK(header->compressed);
            REQUIRE(check_frame(wire, {}, *small));
            auto const back = content_of(*header, received(*small));
            REQUIRE(back);
            CHECK(std::ranges::equal(back->as_bytes(), part));
        }
    }
}

TEST_CASE("content that would not be smaller travels as it is") {
    std::vector<std::byte> noise(8 * sector_bytes);
    std::uint64_t word = 1;
    for (std::size_t at = 0; at < noise.size(); at += sizeof word) {
        word = mix(word, at);
        std::memcpy(&noise[at], &word, sizeof word);
    }
    Compressor compressor(3);
    CHECK_FALSE(compressor.compress(noise));
    CHECK_FALSE(compressor.compress({}));
    // It goes on working.
    std::vector<std::byte> const zeroes(sector_bytes);
    CHECK(compressor.compress(zeroes));
    Header const wire = header_of(FrameKind::mirror, {}, noise, 8, false);
    auto const room = received(noise);
    auto const back = content_of(*read_header(wire), room);
    REQUIRE(back);
    CHECK(back->as_bytes().data() == room.get());  // nobody copied it
    CHECK(content_of(FrameHeader{}, nullptr)->empty());
}

TEST_CASE("compressed content that is none, or of another size, is refused") {
    std::vector<std::byte> const zeroes(4 * sector_bytes);
    Compressor compressor(1);
    auto const small = compressor.compress(zeroes);
    REQUIRE(small);
    FrameHeader header{FrameKind::mirror, true, 0, static_cast<std::uint32_t>(small->size()), 4, 0};
    REQUIRE(content_of(header, received(*small)));
    header.content_sectors = 5;
    CHECK(content_of(header, received(*small)).error() ==
          "a frame's content: 2048 bytes came out, 2560 would be right");
    header.content_sectors = 3;
    CHECK(content_of(header, received(*small)).error().starts_with("a frame's content: zstd says"));
    header.content_sectors = 4;
    header.content_bytes -= 1;
    CHECK_FALSE(content_of(header, received(*small)));
    header.content_bytes += 1;
    for (std::size_t bit = 0; bit < small->size() * 8; ++bit) {
        std::vector<std::byte> flipped(small->begin(), small->end());
        flipped[bit / 8] ^= std::byte{1} << bit % 8;
        auto const found = content_of(header, received(flipped));
        if (found) CHECK(found->sectors() == 4);
    }
}

}  // namespace
}  // namespace sunder::live
