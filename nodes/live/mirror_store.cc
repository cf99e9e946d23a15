// SPDX-License-Identifier: BSD-3-Clause
//
// Where each thing lies: the cell at the beginning, what stands on the mirror behind it, the copy's
// mark, and then the pages, peer by peer.
#include "nodes/live/mirror_store.h"

#include "nodes/wire.h"
#include "replication/blank.h"
#include "replication/cell_codec.h"
#include "replication/intent_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sunder::live {

namespace {

namespace media = emulator::media;
namespace mirror = replication;

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t cell_slot_bytes = 4096;
constexpr std::size_t above_slot_bytes = 1 << 20;
constexpr std::uint64_t above_at = 2 * cell_slot_bytes;
constexpr std::uint64_t mark_at = above_at + 2 * above_slot_bytes;
constexpr std::size_t mark_slot_bytes = 4096;
constexpr std::uint64_t pages_at = mark_at + 2 * mark_slot_bytes;

std::string name_of_file(std::string const& mirror) { return mirror + ".mirror"; }
/// Empty; that it is there says it.
std::string name_of_memory(std::string const& mirror) { return mirror + ".written"; }

}  // namespace

MirrorStore::MirrorStore(media::Folder* folder, std::string mirror,
                         mirror::GroupConfig const& config)
    : folder_(folder),
      mirror_(std::move(mirror)),
      self_(config.self),
      copies_(config.copies),
      chunk_sectors_(config.intent_log ? config.chunk_sectors : 0),
      mirrored_sectors_(config.mirrored_sectors) {
    std::uint64_t const chunks =
        (config.mirrored_sectors + config.chunk_sectors - 1) / config.chunk_sectors;
    pages_per_peer_ = static_cast<std::uint32_t>((chunks + mirror::IntentLog::page_bits - 1) /
                                                 mirror::IntentLog::page_bits);
}

std::string MirrorStore::file() const {
    return folder_ == nullptr ? "" : folder_->where() + "/" + name_of_file(mirror_);
}

std::string MirrorStore::memory() const {
    return folder_ == nullptr ? "" : folder_->where() + "/" + name_of_memory(mirror_);
}

std::expected<std::unique_ptr<MirrorStore>, std::string> MirrorStore::open(
    media::Folder* folder, std::string const& mirror_name, mirror::GroupConfig const& config) {
    std::unique_ptr<MirrorStore> store(new MirrorStore(folder, mirror_name, config));
    if (folder == nullptr) return store;
    auto const in = [&](std::string_view words) {
        return std::unexpected(fmt::format("{}: {}", store->file(), words));
    };
    auto file = folder->open(name_of_file(mirror_name), media::Folder::Open::made_if_absent);
    if (!file) return in(std::strerror(file.error()));
    if (int const failure = folder->sync()) return in(std::strerror(failure));
    store->file_ = std::move(*file);
    store->cell_.emplace(*store->file_, 0, cell_slot_bytes);
    store->above_.emplace(*store->file_, above_at, above_slot_bytes);
    store->mark_.emplace(*store->file_, mark_at, mark_slot_bytes);
    if (auto loaded = store->load(); !loaded) return in(loaded.error());
    return store;
}

/// FLT-12: as it says what is equal on which copies, by their place.
std::string MirrorStore::of_another(mirror::Slot other) const {
    return fmt::format(
        "it tells of copy {} of the mirror, and this node has copy {}, as 'on' counts them: put "
        "disks that were exchanged back where they were, or 'on' in the order that it had. If this "
        "copy is lost, remove the file: it is made anew then, and resynchronised in full",
        other.value + 1, self_.value + 1);
}

std::expected<void, std::string> MirrorStore::load() {
    auto cell = cell_->load();
    if (!cell) return std::unexpected("the cell: " + cell.error());
    if (*cell) {
        auto decoded = mirror::decode_cell(**cell);
        if (!decoded) return std::unexpected("the cell: " + decoded.error());
        if (!mirror::may_start_with(self_, decoded->of))
            return std::unexpected(of_another(decoded->of));
        bool const alike = decoded->chunk_sectors == chunk_sectors_ &&
                           decoded->mirrored_sectors == mirrored_sectors_;
        if (!alike) found_.other_chunks = decoded->chunk_sectors;
        found_.cell = std::move(decoded->cell);
    }
    auto above = above_->load();
    if (!above) return std::unexpected("the hierarchy: " + above.error());
    if (*above) {
        auto decoded = nodes::decode_hierarchy(**above);
        if (!decoded) return std::unexpected("the hierarchy: " + decoded.error());
        found_.above = std::move(*decoded);
    }
    auto mark = mark_->load();
    if (!mark) return std::unexpected("the copy's mark: " + mark.error());
    if (*mark) {
        auto decoded = decode_mark(**mark);
        if (!decoded) return std::unexpected("the copy's mark: " + decoded.error());
        found_.mark = *decoded;
    }
    auto const memory = folder_->open(name_of_memory(mirror_), media::Folder::Open::read_only);
    if (!memory && memory.error() != ENOENT) {
        return std::unexpected(this->memory() + ": " + std::strerror(memory.error()));
    }
    found_.had_cell = remembered_ = memory.has_value();
    if (found_.other_chunks) return {};
    return load_pages();
}

/// Before a cell says how they are to be read from now on. What the old ones named is named by
/// these as well.
int MirrorStore::set_all_pages() {
    for (std::uint8_t peer = 0; peer < copies_ && chunk_sectors_ != 0; ++peer) {
        if (mirror::Slot{peer} == self_) continue;
        for (std::uint32_t number = 0; number < pages_per_peer_; ++number) {
            mirror::Page page;
            page.peer = mirror::Slot{peer};
            page.number = number;
            page.stamp = found_.cell->current;
            page.words.assign(mirror::IntentLog::page_words, ~std::uint64_t{0});
            auto const bytes = mirror::encode_page(page);
            if (int const failure = file_->write(place_of(page.peer, number), bytes)) {
                return failure;
            }
            found_.pages.push_back(std::make_shared<mirror::Page const>(std::move(page)));
        }
    }
    if (int const failure = file_->sync()) return failure;
    return store(*found_.cell);
}

std::expected<void, std::string> MirrorStore::load_pages() {
    if (found_.cell && chunk_sectors_ == 0) return {};
    std::vector<std::byte> bytes(page_bytes);
    for (std::uint8_t peer = 0; peer < copies_; ++peer) {
        for (std::uint32_t number = 0; number < pages_per_peer_; ++number) {
            auto const got = file_->read(place_of(mirror::Slot{peer}, number), bytes);
            if (!got) return std::unexpected(std::strerror(got.error()));
            // A page that ends with the file was torn when it made the file longer.
            std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(*got), bytes.end(), std::byte{});
            bool const never =
                std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{}; });
            if (never) continue;
            found_.pages.push_back(std::make_shared<mirror::Page const>(
                mirror::decode_page(bytes, mirror::Slot{peer}, number)));
        }
    }
    return {};
}

std::uint64_t MirrorStore::place_of(mirror::Slot peer, std::uint32_t number) const {
    return pages_at + (std::uint64_t{peer.value} * pages_per_peer_ + number) * page_bytes;
}

int MirrorStore::store(mirror::Cell const& cell) {
    if (file_ == nullptr) return 0;
    std::lock_guard const lock(slots_);
    if (int const failure =
            cell_->store(mirror::encode_cell({self_, chunk_sectors_, mirrored_sectors_, cell})))
        return failure;
    return remembered_ ? 0 : remember_cell();
}

int MirrorStore::remember_cell() {
    auto const made = folder_->open(name_of_memory(mirror_), media::Folder::Open::made_if_absent);
    if (!made) return made.error();
    if (int const failure = folder_->sync()) return failure;
    remembered_ = true;
    return 0;
}

int MirrorStore::begin_blank(mirror::GroupConfig const& config) {
    found_.cell = mirror::blank_target(config);
    found_.pages.clear();
    return store(*found_.cell);
}

int MirrorStore::begin_created(mirror::GroupConfig const& config, std::uint64_t name) {
    mirror::Cell cell = mirror::blank_target(config);
    cell.current = {name, mirror::Minted::created};
    cell.role = mirror::Role::source;
    cell.data = mirror::DataState::consistent;
    cell.last_owner = true;
    found_.cell = cell;
    return store(cell);
}

int MirrorStore::store(CopyMark const& mark) {
    if (file_ == nullptr) return 0;
    std::lock_guard const lock(slots_);
    return mark_->store(encode_mark(mark));
}

int MirrorStore::store(nodes::StoredHierarchy const& above) {
    if (file_ == nullptr) return 0;
    std::lock_guard const lock(slots_);
    return above_->store(nodes::encode_hierarchy(above));
}

int MirrorStore::store(mirror::Page const& page) {
    if (file_ == nullptr) return 0;
    std::vector<std::byte> const bytes = mirror::encode_page(page);
    if (int const failure = file_->write(place_of(page.peer, page.number), bytes)) return failure;
    return file_->sync();
}

}  // namespace sunder::live
