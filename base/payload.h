// SPDX-License-Identifier: BSD-3-Clause
//
// What sectors hold. A pattern is content that is a function of an id and a position in the
// pattern's endless stream: sixteen bytes describe a terabyte, and live and simulation make the
// same bytes of it. Id 0 is Zero: what a trimmed or never-written sector reads as. Where hosts are
// real, content is bytes, which are shared and do not change any more.
#pragma once

#include "base/hash.h"
#include "base/units.h"
#include "base/verify.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace sunder {

/// Content of a run of sectors: sector i holds sector `offset + i` of pattern `id`.
struct Piece {
    std::uint64_t sectors = 0;
    std::uint64_t id = 0;
    std::uint64_t offset = 0;  ///< in sectors; always 0 when id is 0
    friend constexpr bool operator==(Piece, Piece) = default;
};

/// Immutable content: one or more pieces, or bytes. One piece is held inline; copying never copies
/// content.
class Payload {
public:
    /// Whether a pattern may be called so.
    static constexpr bool is_pattern(std::uint64_t id) {
        return id != 0 && id != real_bytes && id != many_pieces;
    }

    Payload() = default;
    static Payload zero(std::uint64_t sectors) { return Payload(Piece{sectors, 0, 0}); }
    static Payload pattern(std::uint64_t sectors, std::uint64_t id, std::uint64_t offset) {
        VERIFY(is_pattern(id));
        return Payload(Piece{sectors, id, offset});
    }
    /// Requires at least one piece.
    static Payload of(std::vector<Piece> pieces) {
        VERIFY(!pieces.empty());
        if (pieces.size() == 1) return Payload(pieces.front());
        Payload made;
        for (Piece const& piece : pieces) made.first_.sectors += piece.sectors;
        made.first_.id = many_pieces;
        made.held_ = std::make_shared<std::vector<Piece> const>(std::move(pieces));
        return made;
    }
    /// Requires so many sectors of bytes behind `first`, which do not change any more.
    static Payload bytes(std::shared_ptr<std::byte const> first, std::uint64_t sectors) {
        VERIFY(sectors != 0);
        Payload made(Piece{sectors, real_bytes, 0});
        made.held_ = std::move(first);
        return made;
    }
    /// Room for so many sectors, to be filled before it is made a payload.
    static std::shared_ptr<std::byte> room(std::uint64_t sectors) {
        auto whole = std::make_shared_for_overwrite<std::byte[]>(sectors * sector_bytes);
        std::byte* const first = whole.get();
        return {std::move(whole), first};
    }

    [[nodiscard]] std::uint64_t sectors() const { return first_.sectors; }
    [[nodiscard]] bool empty() const { return first_.sectors == 0; }

    [[nodiscard]] bool is_bytes() const { return first_.id == real_bytes; }
    /// Requires bytes.
    [[nodiscard]] std::span<std::byte const> as_bytes() const {
        VERIFY(is_bytes());
        return {static_cast<std::byte const*>(held_.get()), first_.sectors * sector_bytes};
    }

    /// Calls `visit(Piece)` for each piece in order. Requires pieces.
    template <class Visit>
    void for_each(Visit&& visit) const {
        VERIFY(!is_bytes());
        if (held_) {
            for (Piece const& piece : many()) visit(piece);
        } else if (first_.sectors != 0) {
            visit(first_);
        }
    }

    [[nodiscard]] Fingerprint fingerprint() const {
        Hasher hasher;
        if (is_bytes()) {
            std::span<std::byte const> const all = as_bytes();
            for (std::size_t at = 0; at < all.size(); at += sizeof(std::uint64_t)) {
                std::uint64_t word = 0;
                std::memcpy(&word, &all[at], sizeof word);
                hasher.add(word);
            }
            return hasher.result();
        }
        for_each([&](Piece const& piece) {
            hasher.add(piece.sectors);
            hasher.add(piece.id);
            hasher.add(piece.offset);
        });
        return hasher.result();
    }

    friend bool operator==(Payload const& a, Payload const& b) {
        if (a.first_ != b.first_) return false;
        if (a.held_ == b.held_) return true;
        if (!a.is_bytes()) return a.many() == b.many();
        return std::memcmp(a.held_.get(), b.held_.get(), a.first_.sectors * sector_bytes) == 0;
    }

private:
    // In place of an id. Hosts' patterns count up from 1, those that disks had before count down
    // from the largest number, so these lie in the middle.
    static constexpr std::uint64_t real_bytes = std::uint64_t{1} << 63;
    static constexpr std::uint64_t many_pieces = real_bytes + 1;

    explicit Payload(Piece piece) : first_(piece) {}
    [[nodiscard]] std::vector<Piece> const& many() const {
        return *static_cast<std::vector<Piece> const*>(held_.get());
    }

    Piece first_;  // the only piece; else the total length, and what is held as id
    std::shared_ptr<void const> held_;
};

}  // namespace sunder
