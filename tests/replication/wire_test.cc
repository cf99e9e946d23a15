// SPDX-License-Identifier: BSD-3-Clause
//
// What two machines say to each other as bytes: golden bytes, so that no renaming and no reordering
// changes a format that older builds speak; any message comes back as it was; and nothing that is
// cut off, flipped or made up is taken for a message that it is not, or does any harm.
#include "replication/wire.h"

#include "tests/support/drawn.h"
#include "tests/support/golden_messages.h"
#include "tests/support/hex.h"

#include <catch2/catch.hpp>

namespace sunder::replication {
namespace {

using test::drawn;
using test::golden_messages;
using test::GoldenMessage;
using test::hex;
using test::packed;
using test::some_bytes;
using test::some_record;

std::vector<std::byte> head_of(Message const& message) {
    std::vector<std::byte> head;
    ByteWriter to(head);
    encode(message, to);
    return head;
}

Payload behind(Message const& message) {
    Payload const* const content = content_of(message);
    return content != nullptr ? *content : Payload{};
}

TEST_CASE("messages are the bytes that other builds speak") {
    for (GoldenMessage const& golden : golden_messages()) {
        INFO(golden.what);
        CHECK(hex(head_of(golden.message)) == packed(golden.bytes));
    }
}

TEST_CASE("each enumerator has the number that other builds know") {
    // Whoever moves one in its list changes a format.
    auto const numbers = []<class Enum>(std::initializer_list<Enum> values) {
        std::string text;
        for (Enum const value : values) text += fmt::format("{} ", Format<Enum>::number(value));
        return text;
    };
    using Kind = RecordKind;
    CHECK(numbers({Kind::write, Kind::trim, Kind::write_zeroes, Kind::flush, Kind::settle,
                   Kind::resync}) == "0 1 2 3 4 5 ");
    CHECK(numbers({Role::source, Role::target}) == "0 1 ");
    CHECK(numbers({DataState::inconsistent, DataState::outdated, DataState::consistent,
                   DataState::up_to_date}) == "0 1 2 3 ");
    CHECK(numbers({Minted::created, Minted::without_peer, Minted::forced}) == "0 1 2 ");
    CHECK(numbers({Apart::no, Apart::paused, Apart::written}) == "0 1 2 ");
}

TEST_CASE("any message comes back as it was") {
    CHECK(rc::check([] {
        auto const message = drawn<Message>();
        std::vector<std::byte> const head = head_of(message);
        auto const back = decode_message(head, behind(message));
        if (!back) RC_FAIL(back.error());
        RC_ASSERT(test::same(*back, message));
    }));
}

TEST_CASE("what is cut off is no message, nor is what has something behind it") {
    for (GoldenMessage const& golden : golden_messages()) {
        INFO(golden.what);
        std::vector<std::byte> head = head_of(golden.message);
        for (std::size_t kept = 0; kept < head.size(); ++kept) {
            auto const found = decode_message(std::span(head).first(kept), behind(golden.message));
            INFO(kept << " of " << head.size() << " bytes");
            REQUIRE_FALSE(found);
            REQUIRE(found.error().starts_with("byte "));
        }
        head.push_back(std::byte{0});
        auto const longer = decode_message(head, behind(golden.message));
        REQUIRE_FALSE(longer);
        CHECK(longer.error() == fmt::format("byte {}: what is here would be the end, but 1 bytes "
                                            "are left",
                                            head.size() - 1));
    }
}

TEST_CASE("a flipped bit of a head is refused, or is another message that can be said") {
    std::size_t refused = 0;
    std::size_t other = 0;
    for (GoldenMessage const& golden : golden_messages()) {
        std::vector<std::byte> const head = head_of(golden.message);
        for (std::size_t bit = 0; bit < head.size() * 8; ++bit) {
            std::vector<std::byte> flipped = head;
            flipped[bit / 8] ^= std::byte{1} << bit % 8;
            auto const found = decode_message(flipped, behind(golden.message), 1 << 20);
            if (!found) {
                ++refused;
                continue;
            }
            ++other;
            INFO(golden.what << ", bit " << bit);
            auto const again = decode_message(head_of(*found), behind(*found), 1 << 20);
            REQUIRE(again);
            REQUIRE(test::same(*again, *found));
        }
    }
    CHECK(refused > 1000);
    CHECK(other > 1000);  // a format without gaps has a meaning for most of its bits
}

std::string error_of(std::vector<std::byte> const& head, Payload content = {},
                     std::uint64_t chunks = most_chunks) {
    auto const found = decode_message(head, std::move(content), chunks);
    REQUIRE_FALSE(found);
    return found.error();
}

TEST_CASE("what cannot be is refused by name, place and what would be right") {
    auto const written = some_record(RecordKind::write, 2, Payload::zero(2));
    auto changed = [&](std::size_t at, unsigned value) {
        std::vector<std::byte> head = head_of(written);
        head.at(at) = std::byte(value);
        return error_of(head);
    };
    CHECK(error_of({}) ==
          "byte 0: what is here is empty, the version of its format would be right");
    CHECK(changed(0, 3) == "byte 0: what is here is of version 3, this build speaks version 2");
    CHECK(changed(1, 15) == "byte 1: message is 15, a number below 15 would be right");
    CHECK(changed(18, 6) == "byte 18: message.kind is 6, a number below 6 would be right");
    CHECK(changed(19, 2) == "byte 19: message.fua is 2, a number below 2 would be right");
    Record endless = written;
    endless.range.first = UINT64_MAX - 1;
    CHECK(error_of(head_of(endless)) ==
          "byte 20: message.range is 2 sectors from 18446744073709551614 on, which has no end");
    CHECK(changed(28, 3) == "byte 2: message changes 3 sectors, but has content for 2");
    CHECK(changed(36, 4) ==
          "byte 36: message.payload is of no known form, a number below 4 would be right");
    CHECK(changed(36, 2) == "byte 37: message.payload has 1 sectors, but 0 follow");
    CHECK(changed(37, 9).find("needs more bytes than there are") != std::string::npos);
}

TEST_CASE("content and head agree, or it is no message") {
    Message const written = some_record(RecordKind::write, 2, some_bytes(2));
    Message const bare = some_record(RecordKind::write, 2, Payload::zero(2));
    CHECK(error_of(head_of(written)) == "byte 37: message.payload has 2 sectors, but 0 follow");
    CHECK(error_of(head_of(written), Payload::zero(3)) ==
          "byte 37: message.payload has 2 sectors, but 3 follow");
    CHECK(error_of(head_of(bare), Payload::zero(2)) ==
          "byte 65: what is here ends, and nothing says what follows it");
    Message const trimmed = some_record(RecordKind::trim, 2, some_bytes(2));
    CHECK(error_of(head_of(trimmed), behind(trimmed)) ==
          "byte 2: message is of kind trim, which carries no bytes, but has some");
    Message const refused = ReadReply{1, false, Payload::zero(1)};
    CHECK(error_of(head_of(refused)) ==
          "byte 2: message says that the block cannot be read, but has content");
}

TEST_CASE("a count that lies costs nothing") {
    auto bits = std::make_shared<Bitmap>(64);
    bits->set(1);
    std::vector<std::byte> const head = head_of(PeerAck{{2}, false, false, bits});
    REQUIRE(head.size() == 6 + 8 + 4 + 17);
    CHECK(error_of(head, {}, 63) ==
          "byte 6: message.chunks.which is of 64 chunks, at most 63 would be right");
    auto const changed = [&](std::size_t at, std::uint64_t value, std::size_t bytes) {
        std::vector<std::byte> other = head;
        std::memcpy(&other.at(at), &value, bytes);
        return error_of(other);
    };
    CHECK(changed(6, most_chunks + 1, 8).find("at most 4294967296") != std::string::npos);
    CHECK(changed(14, 2, 4).find("needs more bytes") != std::string::npos);  // two runs
    CHECK(changed(22, 2, 4).find("a run of 2 words") != std::string::npos);  // beyond the end
    CHECK(changed(18, 1, 4).find("a run of 1 words from 1 on") != std::string::npos);
    CHECK(changed(27, 0, 8).find("has word 0 as 0x0") != std::string::npos);
    CHECK(changed(5, 0, 1).find("needs more bytes") == std::string::npos);  // none, then the rest
    std::vector<std::byte> const absent = head_of(MirrorBegin{{}, {}, {{{2}, {}, true}}});
    std::vector<std::byte> lying = absent;
    std::uint32_t const many = 0xffffffff;
    std::memcpy(&lying.at(absent.size() - 11 - 4), &many, 4);
    CHECK(error_of(lying).find("has 4294967295 items") != std::string::npos);
}

TEST_CASE("a log in which everything is set is as short as an empty one") {
    auto all = std::make_shared<Bitmap>(std::uint64_t{1} << 24);
    all->set_all();
    CHECK(head_of(PeerAck{{2}, false, false, all}).size() == 6 + 8 + 4 + 17);
}

}  // namespace
}  // namespace sunder::replication
