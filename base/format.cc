// SPDX-License-Identifier: BSD-3-Clause
//
// The formats of content and of ranges, and the words of what is refused.
#include "base/format.h"

#include <fmt/format.h>

namespace sunder {

namespace {

enum class Form : std::uint8_t { nothing = 0, pieces = 1, bytes_behind = 2, bytes_inside = 3 };

constexpr std::size_t piece_bytes = 3 * sizeof(std::uint64_t);

void read_pieces(Decoder& from, Payload& into) {
    std::size_t const at = from.from.at();
    std::size_t const count = from.from.count(piece_bytes);
    if (from.failed()) return;
    if (count == 0) return from.refuse(at, "has no pieces, one or more would be right");
    std::vector<Piece> pieces;
    pieces.reserve(count);
    std::uint64_t sectors = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t const at_piece = from.from.at();
        Piece piece;
        piece.sectors = from.from.u64();
        piece.id = from.from.u64();
        piece.offset = from.from.u64();
        sectors += piece.sectors;
        bool const long_enough = piece.sectors != 0 && sectors >= piece.sectors;
        bool const known = piece.id == 0 ? piece.offset == 0 : Payload::is_pattern(piece.id);
        if (!long_enough || !known) {
            return from.refuse(at_piece, fmt::format("has a piece of {} sectors of pattern {} at "
                                                     "{}, which cannot be",
                                                     piece.sectors, piece.id, piece.offset));
        }
        pieces.push_back(piece);
    }
    into = Payload::of(std::move(pieces));
}

void read_bytes_behind(Decoder& from, Payload& into) {
    std::size_t const at = from.from.at();
    std::uint64_t const sectors = from.from.u32();
    if (from.failed()) return;
    if (from.content != ContentIs::behind)
        return from.refuse(at, "follows behind, where nothing follows");
    if (sectors == 0 || from.follows.sectors() != sectors) {
        return from.refuse(
            at, fmt::format("has {} sectors, but {} follow", sectors, from.follows.sectors()));
    }
    into = std::exchange(from.follows, {});
}

void read_bytes_inside(Decoder& from, Payload& into) {
    std::size_t const at = from.from.at();
    std::uint64_t const sectors = from.from.count(sector_bytes);
    if (from.failed()) return;
    if (from.content != ContentIs::inside || sectors == 0)
        return from.refuse(at,
                           fmt::format("has {} sectors in between, where none may be", sectors));
    std::span<std::byte const> const found = from.from.bytes(sectors * sector_bytes);
    std::shared_ptr<std::byte> const room = Payload::room(sectors);
    std::memcpy(room.get(), found.data(), found.size());
    into = Payload::bytes(room, sectors);
}

}  // namespace

void Decoder::refuse(std::size_t at_byte, std::string const& why) {
    from.fail();
    if (!error_.empty()) return;
    error_ = fmt::format("byte {}: {} {}", at_byte, path(), why);
}

void Decoder::version(std::uint8_t known) {
    std::uint8_t const found = from.u8();
    if (from.failed()) return refuse(0, "is empty, the version of its format would be right");
    if (found != known)
        refuse(0, fmt::format("is of version {}, this build speaks version {}", found, known));
}

std::string Decoder::path() const {
    std::string text;
    for (char const* const name : names_) {
        if (*name == 0) continue;
        if (!text.empty()) text += '.';
        text += name;
    }
    return text.empty() ? "what is here" : text;
}

namespace detail {

std::string number_refused(std::uint64_t found, std::size_t end) {
    return fmt::format("is {}, a number below {} would be right", found, end);
}

std::string count_refused(std::uint64_t found, std::size_t most) {
    return fmt::format("has {} items, at most {} would be right", found, most);
}

}  // namespace detail

std::string flaw_of(Extent const& range) {
    if (range.count <= UINT64_MAX - range.first) return "";
    return fmt::format("is {} sectors from {} on, which has no end", range.count, range.first);
}

void Format<Payload>::write(Encoder& to, Payload const& value) {
    auto const begin = [&](Form form) { to.to.u8(static_cast<std::uint8_t>(form)); };
    if (value.empty()) {
        begin(Form::nothing);
        return;
    }
    if (value.is_bytes()) {
        VERIFY(value.sectors() <= UINT32_MAX);
        begin(to.content == ContentIs::behind ? Form::bytes_behind : Form::bytes_inside);
        to.to.u32(static_cast<std::uint32_t>(value.sectors()));
        if (to.content == ContentIs::inside) to.to.bytes(value.as_bytes());
        return;
    }
    begin(Form::pieces);
    std::uint32_t count = 0;
    value.for_each([&](Piece const&) { ++count; });
    to.to.u32(count);
    value.for_each([&](Piece const& piece) {
        to.to.u64(piece.sectors);
        to.to.u64(piece.id);
        to.to.u64(piece.offset);
    });
}

void Format<Payload>::read(Decoder& from, Payload& into) {
    std::size_t const at = from.from.at();
    switch (std::uint8_t const form = from.from.u8(); Form{form}) {
        case Form::nothing:
            return;
        case Form::pieces:
            return read_pieces(from, into);
        case Form::bytes_behind:
            return read_bytes_behind(from, into);
        case Form::bytes_inside:
            return read_bytes_inside(from, into);
    }
    from.refuse(at, "is of no known form, a number below 4 would be right");
}

}  // namespace sunder
