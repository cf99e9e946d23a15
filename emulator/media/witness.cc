// SPDX-License-Identifier: BSD-3-Clause
//
// The note: its format (u8), the change (u64), and XXH64 of both.
#include "emulator/media/witness.h"

#include "emulator/media/bytes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <optional>

namespace sunder::emulator::media {

namespace {

constexpr std::uint8_t note_format = 1;
constexpr std::size_t size = 1 + 8 + 8;

std::vector<std::byte> note_of(Commit durable) {
    std::vector<std::byte> bytes;
    Writer into(bytes);
    into.put(note_format);
    into.put(durable);
    into.put(std::uint64_t{XXH64(bytes.data(), bytes.size(), 0)});
    return bytes;
}

}  // namespace

int write_witness(File& file, Commit durable) { return file.write(0, note_of(durable)); }

std::expected<std::optional<Commit>, int> read_witness(File& file) {
    std::array<std::byte, size> bytes{};
    auto const got = file.read(0, bytes);
    if (!got) return std::unexpected(got.error());
    Reader from{std::span<std::byte const>(bytes)};
    from.get<std::uint8_t>();
    auto const durable = from.get<std::uint64_t>();
    auto const expected = note_of(durable);
    if (!std::equal(bytes.begin(), bytes.end(), expected.begin())) return std::nullopt;
    return durable;
}

}  // namespace sunder::emulator::media
