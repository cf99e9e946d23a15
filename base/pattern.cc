// SPDX-License-Identifier: BSD-3-Clause
//
// A sector is its name and what follows from it by a hash.
#include "base/pattern.h"

#include <algorithm>
#include <array>

namespace sunder {

namespace {

constexpr std::size_t words = sector_bytes / sizeof(std::uint64_t);

std::array<std::uint64_t, words> sector_of(std::uint64_t id, std::uint64_t offset) {
    std::array<std::uint64_t, words> sector{id, offset};
    std::uint64_t const seed = hash_words(id, offset);
    for (std::size_t i = 2; i < words; ++i) sector[i] = mix(seed, i);
    return sector;
}

}  // namespace

void write_pattern(std::uint64_t id, std::uint64_t offset, std::span<std::byte> sectors) {
    VERIFY(sectors.size() % sector_bytes == 0);
    for (std::size_t at = 0; at < sectors.size(); at += sector_bytes) {
        if (id == 0) {
            std::memset(&sectors[at], 0, sector_bytes);
        } else {
            auto const sector = sector_of(id, offset + at / sector_bytes);
            std::memcpy(&sectors[at], sector.data(), sector_bytes);
        }
    }
}

Payload bytes_of(Piece const& piece) {
    std::shared_ptr<std::byte> room = Payload::room(piece.sectors);
    write_pattern(piece.id, piece.offset, {room.get(), piece.sectors * sector_bytes});
    return Payload::bytes(std::move(room), piece.sectors);
}

std::optional<Piece> recognise(std::span<std::byte const, sector_bytes> sector) {
    std::array<std::uint64_t, words> found{};
    std::memcpy(found.data(), sector.data(), sector_bytes);
    bool const zero = std::ranges::all_of(found, [](std::uint64_t word) { return word == 0; });
    if (zero) return Piece{1, 0, 0};
    if (found[0] == 0 || found != sector_of(found[0], found[1])) return std::nullopt;
    return Piece{1, found[0], found[1]};
}

}  // namespace sunder
