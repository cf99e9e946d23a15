// SPDX-License-Identifier: BSD-3-Clause
//
// Patterns as bytes, and the store behind a rig.
#include "tests/emulator/media/file_medium.h"

#include "base/hash.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace sunder::emulator::media::test {

namespace {

constexpr std::size_t words_of_sector = sector_bytes / sizeof(std::uint64_t);
using Words = std::array<std::uint64_t, words_of_sector>;

Words words_of(Pattern pattern) {
    Words words{};
    if (pattern == Pattern{}) return words;
    words[0] = pattern.id;
    words[1] = pattern.offset;
    for (std::size_t at = 2; at < words.size(); ++at) {
        words[at] = hash_words(pattern.id, pattern.offset, at);
    }
    return words;
}

}  // namespace

void fill(std::span<std::byte> sector, Pattern pattern) {
    Words const words = words_of(pattern);
    std::memcpy(sector.data(), words.data(), sector.size());
}

Pattern pattern_of(std::span<std::byte const> sector) {
    Words words{};
    std::memcpy(words.data(), sector.data(), sector.size());
    Pattern const found{words[0], words[1]};
    return words == words_of(found) ? found : ValueStore::garbage;
}

std::function<Fate(std::size_t)> random_fates(std::uint64_t seed) {
    // One of sixteen is lost, or half of them, or nearly all.
    std::uint64_t const lost = std::array<std::uint64_t, 3>{1, 8, 15}[seed % 3];
    return [=](std::size_t n) {
        std::uint64_t const draw = hash_words(seed, n);
        if (draw % 16 >= lost) return Fate{Fate::Kind::all, 0};
        constexpr std::array kinds{Fate::Kind::nothing, Fate::Kind::torn, Fate::Kind::length};
        return Fate{kinds[draw / 16 % kinds.size()], draw};
    };
}

std::string FileMedium::open(std::optional<Array>& array) {
    close();
    auto opened = open_store(*folder, tuning_);
    if (!opened) return "it does not open: " + in_text(opened.error());
    data_ = std::move(opened->data);
    keeper_ = std::move(opened->keeper);
    array = std::move(opened->array);
    marks.clear();  // a restart makes of each what has to be copied
    return "";
}

void FileMedium::close() {
    folder->ask_before({});
    backlog_ = {};
    keeper_.reset();
    data_.reset();
}

Array FileMedium::begin(Profile const& profile) {
    auto opened = create_store(*folder, profile, true, tuning_);
    VERIFY(opened);
    data_ = std::move(opened->data);
    keeper_ = std::move(opened->keeper);
    return std::move(opened->array);
}

void FileMedium::copy(Copy const& copy) {
    std::array<std::byte, sub_chunk_sectors * sector_bytes> bytes{};
    auto const offset = [&](Place place) {
        return (std::uint64_t{place.slot} * sub_chunks + place.sub) * bytes.size();
    };
    if (copy.from) VERIFY(data_->read(copy.from->group, offset(*copy.from), bytes) == 0);
    if (copy.from) {
        VERIFY(data_->write(copy.to.group, offset(copy.to), bytes) == 0);
    } else {
        VERIFY(data_->zero(copy.to.group, offset(copy.to), bytes.size()) == 0);
    }
}

void FileMedium::put(DiskGroupId group, std::uint64_t sector, Extent volume,
                     ValueStore::Pattern const& data) {
    std::vector<std::byte> bytes(volume.count * sector_bytes);
    for (std::uint64_t i = 0; i < volume.count; ++i) {
        fill(std::span(bytes).subspan(i * sector_bytes, sector_bytes), {data.id, volume.first + i});
    }
    VERIFY(data_->write(group, sector * sector_bytes, bytes) == 0);
}

void FileMedium::zero(DiskGroupId group, std::uint64_t sector, std::uint64_t count) {
    VERIFY(data_->zero(group, sector * sector_bytes, count * sector_bytes) == 0);
}

ValueStore::Sector FileMedium::read(DiskGroupId group, std::uint64_t sector) {
    std::array<std::byte, sector_bytes> bytes{};
    VERIFY(data_->read(group, sector * sector_bytes, bytes) == 0);
    return pattern_of(bytes);
}

void FileMedium::lose(DiskGroupId group) { data_->drop(group); }

void FileMedium::punch(Array& array) {
    while (auto const found = array.take_remains(2)) {
        auto const [group, run] = *found;
        VERIFY(data_->punch(group, run.first * chunk_bytes, run.count * chunk_bytes) == 0);
        array.emptied(group, run);
        ++emptied_runs;
    }
}

std::string FileMedium::flush(Array& array) {
    if (between) {
        folder->ask_before([this](FileOp) {
            between();
            return 0;
        });
    }
    remember(array);
    Rows const rows = backlog_.take();
    int const error = make_durable(*data_, *keeper_, rows);
    folder->ask_before({});
    if (error != 0) return fmt::format("a flush failed: {}", std::strerror(error));
    if (rows.empty()) return "";
    array.settle(rows.up_to);
    keeper_->saved(keeper_->remembered());
    return "";
}

void FileMedium::remember(Array& array) {
    marks.clear();
    for (auto const& [id, link] : array.state().map.links()) {
        for (auto const& [region, intent] : link.intents) marks[id].insert(region);
    }
    Rows const rows = rows_of(array);
    if (rows.empty()) return;
    backlog_.add(rows);
    VERIFY(keeper_->remember(rows) == 0);
}

Array FileMedium::power_cut(std::uint64_t seed) {
    auto found = seed % 4 == 0 ? folder->after_kill() : folder->after_power_cut(random_fates(seed));
    close();
    folder = std::move(found);
    std::optional<Array> array;
    wrong = open(array);
    return array ? std::move(*array) : Array(profiles().front());
}

}  // namespace sunder::emulator::media::test
