// SPDX-License-Identifier: BSD-3-Clause
//
// What a copy stores beside its data: golden bytes; what was stored comes back; and whatever is cut
// off, flipped, of another version or of another place is not believed (G13).
#include "replication/cell_codec.h"

#include "tests/support/drawn.h"
#include "tests/support/hex.h"

#include <catch2/catch.hpp>

namespace sunder::replication {
namespace {

using test::drawn;
using test::hex;
using test::packed;

Page some_page() {
    Page page;
    page.peer = {3};
    page.number = 0x0102;
    page.stamp = {0x1112, Minted::forced};
    page.words = {0x2122, 0, 0x3132};
    return page;
}

Page drawn_page() {
    Page page;
    page.peer = drawn<Slot>();
    page.number = drawn<std::uint32_t>();
    page.stamp = drawn<Generation>();
    page.words.resize(*rc::gen::inRange<std::size_t>(0, IntentLog::page_words + 1));
    for (std::uint64_t& word : page.words) word = *rc::gen::arbitrary<std::uint64_t>();
    return page;
}

TEST_CASE("a cell is the bytes that other builds have stored") {
    Cell cell;
    cell.current = {0x1112, Minted::without_peer};
    cell.history.push_back({0x2122, Minted::forced});
    cell.history.push_back({0x3132, Minted::created});
    cell.era = {0x0a0b, {7}};
    cell.role = Role::source;
    cell.data = DataState::consistent;
    cell.applying = true;
    cell.data_corrupt = true;
    cell.apart = Apart::written;
    cell.fallback.current = {0x2122, Minted::forced};
    cell.fallback.history.push_back({0x3132, Minted::created});
    cell.asynchronous_limit = 0x41;
    cell.resync = 0x42;
    cell.peers[1] = {{0x1112, Minted::without_peer}, true, 0x51, false, true};
    cell.peers[7] = {{}, false, 0, true, false};
    CHECK(hex(encode_cell({Slot{3}, 0x80, 0x20000, cell})) ==
          packed(
              "53756e43656c6c2e 0300 f8000000 da1f1acf3dcbf764 03 8000000000000000 "
              "0000020000000000 121100000000000001 02 "
              "222100000000000002 323100000000000000 0b0a000007 0002 0001000102 222100000000000002 "
              "01 323100000000000000 41000000 4200000000000000 "
              "0000000000000000000000000000000000000000 1211000000000000010151000000000000000001 "
              "0000000000000000000000000000000000000000 0000000000000000000000000000000000000000 "
              "0000000000000000000000000000000000000000 0000000000000000000000000000000000000000 "
              "0000000000000000000000000000000000000000 0000000000000000000000000000000000000100"));
}

TEST_CASE("a page is the bytes that other builds have stored") {
    std::vector<std::byte> const stored = encode_page(some_page());
    REQUIRE(stored.size() == page_bytes);
    CHECK(
        hex(std::span(stored).first(96)) ==
        packed("53756e5061676531 a82e68ac7d52f808 03 02010000 121100000000000002 0300 "
               "0000000000000000000000000000000000000000000000000000000000000000 2221000000000000 "
               "0000000000000000 3231000000000000 0000000000000000"));
    for (std::byte const rest : std::span(stored).subspan(96)) REQUIRE(rest == std::byte{0});
}

TEST_CASE("any cell comes back as it was") {
    CHECK(rc::check([] {
        StoredCell const stored{Slot{2}, 128, 4096, drawn<Cell>()};
        auto const back = decode_cell(encode_cell(stored));
        if (!back) RC_FAIL(back.error());
        RC_ASSERT(back->of == stored.of);
        RC_ASSERT(back->chunk_sectors == stored.chunk_sectors);
        RC_ASSERT(back->mirrored_sectors == stored.mirrored_sectors);
        RC_ASSERT(test::same(back->cell, stored.cell));
    }));
}

TEST_CASE("any page comes back as it was, at its place only") {
    CHECK(rc::check([] {
        Page const page = drawn_page();
        std::vector<std::byte> const stored = encode_page(page);
        Page const back = decode_page(stored, page.peer, page.number);
        RC_ASSERT(back == page);
        RC_ASSERT(back.stamp.why == page.stamp.why);
        RC_ASSERT(decode_page(stored, page.peer, page.number + 1).damaged);
        Slot const other{static_cast<std::uint8_t>((page.peer.value + 1) % max_copies)};
        RC_ASSERT(decode_page(stored, other, page.number).damaged);
    }));
}

TEST_CASE("no bit of a cell can be flipped, and none of its bytes be missing") {
    Cell cell;
    cell.current = {5, Minted::forced};
    std::vector<std::byte> const stored = encode_cell({Slot{1}, 128, 4096, cell});
    for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
        std::vector<std::byte> flipped = stored;
        flipped[bit / 8] ^= std::byte{1} << bit % 8;
        INFO("bit " << bit);
        REQUIRE_FALSE(decode_cell(flipped));
    }
    for (std::size_t kept = 0; kept < stored.size(); ++kept) {
        INFO(kept << " bytes");
        REQUIRE_FALSE(decode_cell(std::span(stored).first(kept)));
    }
}

TEST_CASE("a page that was hit anywhere is damaged, and says of what place") {
    std::vector<std::byte> const stored = encode_page(some_page());
    for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
        std::vector<std::byte> flipped = stored;
        flipped[bit / 8] ^= std::byte{1} << bit % 8;
        Page const found = decode_page(flipped, {3}, 0x0102);
        INFO("bit " << bit);
        REQUIRE(found.damaged);
        REQUIRE((found.peer == Slot{3} && found.number == 0x0102 && found.words.empty()));
    }
    // Torn at each sector between old and new, and never written at all.
    Page old = some_page();
    old.words.assign(IntentLog::page_words, 0x77);
    std::vector<std::byte> const before = encode_page(old);
    for (std::size_t torn = sector_bytes; torn < page_bytes; torn += sector_bytes) {
        std::vector<std::byte> mixed = stored;
        std::copy(before.begin() + static_cast<std::ptrdiff_t>(torn), before.end(),
                  mixed.begin() + static_cast<std::ptrdiff_t>(torn));
        CHECK(decode_page(mixed, {3}, 0x0102).damaged);
    }
    CHECK(decode_page(std::vector<std::byte>(page_bytes), {3}, 0x0102).damaged);
    CHECK(decode_page(std::span(stored).first(page_bytes - 1), {3}, 0x0102).damaged);
}

TEST_CASE("what is no cell says what it is instead") {
    std::vector<std::byte> const stored = encode_cell({});
    auto const error = [](std::span<std::byte const> bytes) {
        auto const found = decode_cell(bytes);
        REQUIRE_FALSE(found);
        return found.error();
    };
    CHECK(error({}) == "not a cell: 0 bytes, and it has 22 or more");
    CHECK(error(encode_page(some_page())) == "not a cell: it does not begin with 'SunCell.'");
    CHECK(error(std::span(stored).first(stored.size() - 1)).find("a length of") !=
          std::string::npos);
    std::vector<std::byte> torn = stored;
    torn.back() ^= std::byte{1};
    CHECK(error(torn).find("it is damaged") != std::string::npos);
}

}  // namespace
}  // namespace sunder::replication
