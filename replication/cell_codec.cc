// SPDX-License-Identifier: BSD-3-Clause
//
// Cells and pages to bytes and back.
#include "replication/cell_codec.h"

#include "base/checksum.h"
#include "base/mutant.h"
#include "base/sealed.h"
#include "base/verify.h"
#include "replication/cell_format.h"
#include "replication/intent_log.h"

#include <cstring>

namespace sunder::replication {

namespace {

constexpr Seal cell_seal{"SunCell.", "a cell", 3};

constexpr char page_mark[] = "SunPage1";
constexpr std::size_t mark_bytes = 8;
constexpr std::size_t checked_from = mark_bytes + sizeof(std::uint64_t);
constexpr std::size_t words_at = 64;
static_assert(words_at + IntentLog::page_words * sizeof(std::uint64_t) == page_bytes);

}  // namespace

bool may_start_with(Slot self, Slot of) noexcept {
    return of == self || mutant(Mutant::others_disks_taken);
}

std::vector<std::byte> encode_cell(StoredCell const& stored) {
    std::vector<std::byte> contents;
    ByteWriter to(contents);
    Encoder encoder(to);
    encoder.put(stored.of);
    encoder.put(stored.chunk_sectors);
    encoder.put(stored.mirrored_sectors);
    encoder.put(stored.cell);
    return seal(cell_seal, contents);
}

std::expected<StoredCell, std::string> decode_cell(std::span<std::byte const> stored) {
    auto const contents = unseal(cell_seal, stored);
    if (!contents) return std::unexpected(contents.error());
    ByteReader from(*contents);
    Decoder decoder(from);
    StoredCell found;
    decoder.get("of", found.of);
    decoder.get("chunk_sectors", found.chunk_sectors);
    decoder.get("mirrored_sectors", found.mirrored_sectors);
    decoder.get("cell", found.cell);
    return decoder.finish(std::move(found));
}

std::vector<std::byte> encode_page(Page const& page) {
    VERIFY(!page.damaged && page.words.size() <= IntentLog::page_words);
    std::vector<std::byte> head;
    ByteWriter to(head);
    Encoder encoder(to);
    encoder.put(page.peer);
    to.u32(page.number);
    encoder.put(page.stamp);
    to.u16(static_cast<std::uint16_t>(page.words.size()));
    std::vector<std::byte> stored(page_bytes);
    std::memcpy(stored.data(), page_mark, mark_bytes);
    std::memcpy(&stored[checked_from], head.data(), head.size());
    std::span<std::byte const> const words = std::as_bytes(std::span(page.words));
    if (!words.empty()) std::memcpy(&stored[words_at], words.data(), words.size());
    std::uint64_t const sum = checksum({std::span(stored).subspan(checked_from)});
    std::memcpy(&stored[mark_bytes], &sum, sizeof sum);
    return stored;
}

Page decode_page(std::span<std::byte const> stored, Slot peer, std::uint32_t number) {
    Page damaged;
    damaged.peer = peer;
    damaged.number = number;
    damaged.damaged = true;
    if (stored.size() != page_bytes) return damaged;
    if (std::memcmp(stored.data(), page_mark, mark_bytes) != 0) return damaged;
    ByteReader from(stored.subspan(mark_bytes));
    if (from.u64() != checksum({stored.subspan(checked_from)})) return damaged;
    Decoder decoder(from);
    Page page;
    decoder.get("peer", page.peer);
    decoder.get("number", page.number);
    decoder.get("stamp", page.stamp);
    std::size_t const words = from.u16();
    bool const whole = !from.failed() && words <= IntentLog::page_words;
    if (!whole || page.peer != peer || page.number != number) return damaged;
    page.words.resize(words);
    std::span<std::byte const> const found = stored.subspan(words_at);
    if (words != 0) std::memcpy(page.words.data(), found.data(), words * sizeof(std::uint64_t));
    return page;
}

}  // namespace sunder::replication
