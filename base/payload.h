// SPDX-License-Identifier: BSD-3-Clause
//
// What sectors hold, without the bytes. A pattern is content that is a function of an id and a
// position in the pattern's endless stream: sixteen bytes describe a terabyte, and live and
// simulation make the same bytes of it. Id 0 is Zero: what a trimmed or never-written sector reads
// as.
#pragma once

#include "base/hash.h"
#include "base/verify.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace sunder {

/// Content of a run of sectors: sector i holds sector `offset + i` of pattern `id`.
struct Piece {
    std::uint64_t sectors = 0;
    std::uint64_t id = 0;
    std::uint64_t offset = 0;  ///< in sectors; always 0 when id is 0
    friend constexpr bool operator==(Piece, Piece) = default;
};

/// Immutable content of one or more pieces. One piece is held inline; copying never copies content.
class Payload {
public:
    Payload() = default;
    static Payload zero(std::uint64_t sectors) { return Payload(Piece{sectors, 0, 0}); }
    static Payload pattern(std::uint64_t sectors, std::uint64_t id, std::uint64_t offset) {
        VERIFY(id != 0);
        return Payload(Piece{sectors, id, offset});
    }
    /// Requires at least one piece.
    static Payload of(std::vector<Piece> pieces) {
        VERIFY(!pieces.empty());
        if (pieces.size() == 1) return Payload(pieces.front());
        Payload made;
        for (Piece const& piece : pieces) made.first_.sectors += piece.sectors;
        made.many_ = std::make_shared<std::vector<Piece> const>(std::move(pieces));
        return made;
    }

    [[nodiscard]] std::uint64_t sectors() const { return first_.sectors; }
    [[nodiscard]] bool empty() const { return first_.sectors == 0; }

    /// Calls `visit(Piece)` for each piece in order.
    template <class Visit>
    void for_each(Visit&& visit) const {
        if (many_) {
            for (Piece const& piece : *many_) visit(piece);
        } else if (first_.sectors != 0) {
            visit(first_);
        }
    }

    [[nodiscard]] Fingerprint fingerprint() const {
        Hasher hasher;
        for_each([&](Piece const& piece) {
            hasher.add(piece.sectors);
            hasher.add(piece.id);
            hasher.add(piece.offset);
        });
        return hasher.result();
    }

    friend bool operator==(Payload const& a, Payload const& b) {
        if (!a.many_ && !b.many_) return a.first_ == b.first_;
        if (a.many_ && b.many_) return *a.many_ == *b.many_;
        return false;
    }

private:
    explicit Payload(Piece piece) : first_(piece) {}
    Piece first_;  // the only piece, or the total length when there are many
    std::shared_ptr<std::vector<Piece> const> many_;
};

}  // namespace sunder
