// SPDX-License-Identifier: BSD-3-Clause
//
// Reads an array as its hosts would, chunk by chunk.
#include "netsim/checkers/array_contents.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

using emulator::VolumeId;

std::string in_words(Content content, std::uint64_t sector) {
    if (content.id == 0) return "zeroes";
    if (content == content_of(emulator::ValueStore::garbage, sector)) return "what nobody wrote";
    std::string const made = fmt::format("write {}", content.id);
    return content.shift == 0 ? made : made + " of another sector";
}

struct Judge {
    ArrayBook::Array const& book;
    VolumeId volume;
    ArrayBook::Row const& row;
    Besides besides;

    [[nodiscard]] static bool in(std::vector<ArrayBook::Open> const& requests, VolumeId volume,
                                 std::uint64_t sector, Content is) {
        return std::ranges::any_of(requests, [&](ArrayBook::Open const& one) {
            return one.volume == volume && sector >= one.range.first && sector < one.range.end() &&
                   one.content == is;
        });
    }
    [[nodiscard]] bool allows(std::uint64_t sector, Content is) const {
        switch (besides) {
            case Besides::nothing_lost:
            case Besides::under_way:
                return in(book.open, volume, sector, is);
            case Besides::a_power_cut: {
                auto const before = row.before.find(sector);
                bool const older = before != row.before.end() &&
                                   std::ranges::find(before->second, is) != before->second.end();
                return older || in(book.died, volume, sector, is);
            }
        }
        return false;
    }
    [[nodiscard]] std::optional<std::string> wrong(std::uint64_t sector, Content is,
                                                   Content should) const {
        if (is == should || allows(sector, is)) return std::nullopt;
        return fmt::format("sector {} holds {}, not {}", sector, in_words(is, sector),
                           in_words(should, sector));
    }
};

/// Segments of a whole chunk, so that what is lost there is seen apart.
template <class Visit>
void for_each_chunk(Extent range, Visit&& visit) {
    while (range.count != 0) {
        Extent const one = emulator::first_chunk_of(range);
        range = {one.end(), range.count - one.count};
        if (!visit(one)) return;
    }
}

bool may_be_lost(Shown const& shown, VolumeId volume, Extent chunk) {
    emulator::State const& state = shown.array.state();
    auto const& map = state.catalogue.volumes.at(volume).map;
    return emulator::broken(state, volume) &&
           state.map.lacking(*map, emulator::chunk_of(chunk.first)) != emulator::no_sub_chunk;
}

}  // namespace

void for_each_sector(Shown const& shown, VolumeId volume, Extent range,
                     std::function<void(std::uint64_t, Content)> const& visit) {
    for_each_chunk(range, [&](Extent chunk) {
        auto const segments = shown.array.plan_read(volume, chunk);
        if (!segments) return true;
        for (emulator::Segment const& segment : *segments) {
            for (std::uint64_t i = 0; i < segment.volume.count; ++i) {
                std::uint64_t const sector = segment.volume.first + i;
                visit(sector, segment.at ? content_of(shown.store.read(segment.at->group,
                                                                       segment.at->sector + i),
                                                      sector)
                                         : Content{});
            }
        }
        return true;
    });
}

std::optional<std::string> wrong_in(Shown const& shown, ArrayBook::Array const& book,
                                    VolumeId volume, Besides besides) {
    auto const row = book.rows.find(volume);
    if (row == book.rows.end()) return std::nullopt;
    Judge const judge{book, volume, row->second, besides};
    std::optional<std::string> found;
    for_each_chunk({0, row->second.now.sectors()}, [&](Extent chunk) {
        auto const segments = shown.array.plan_read(volume, chunk);
        if (!segments) {
            if (besides != Besides::nothing_lost && may_be_lost(shown, volume, chunk)) return true;
            found = fmt::format("sector {} cannot be read: {}", chunk.first,
                                emulator::name_of(segments.error()));
            return false;
        }
        bool const bare = segments->size() == 1 && !segments->front().at;
        Payload const should = row->second.now.read(chunk);
        if (bare && should == Payload::zero(chunk.count)) return true;
        std::uint64_t sector = chunk.first;
        auto at = segments->begin();
        should.for_each([&](Piece const& piece) {
            for (std::uint64_t i = 0; i < piece.sectors && !found; ++i, ++sector) {
                while (sector >= at->volume.end()) ++at;
                Content const is =
                    at->at ? content_of(shown.store.read(at->at->group, at->at->sector + sector -
                                                                            at->volume.first),
                                        sector)
                           : Content{};
                Content const meant =
                    piece.id == 0 ? Content{} : Content{piece.id, piece.offset + i - sector};
                found = judge.wrong(sector, is, meant);
            }
        });
        return !found.has_value();
    });
    return found;
}

std::optional<std::string> wrong_answer(ArrayBook::Array const& book,
                                        array_note::Answered const& answered) {
    if (!answered.volume) return std::nullopt;
    auto const row = book.rows.find(*answered.volume);
    if (row == book.rows.end()) return std::nullopt;
    Judge const judge{book, *answered.volume, row->second, Besides::under_way};
    std::optional<std::string> found;
    std::uint64_t sector = answered.request.range.first;
    answered.payload.for_each([&](Piece const& piece) {
        for (std::uint64_t i = 0; i < piece.sectors && !found; ++i, ++sector) {
            Content const is =
                piece.id == 0 ? Content{} : Content{piece.id, piece.offset + i - sector};
            found = judge.wrong(sector, is, row->second.now.at(sector));
        }
    });
    return found;
}

}  // namespace sunder::netsim
