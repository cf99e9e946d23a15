// SPDX-License-Identifier: BSD-3-Clause
//
// Where each thing lies: the cell at the beginning, what stands on the mirror behind it, and then
// the pages, peer by peer.
#include "nodes/live/mirror_store.h"

#include "nodes/wire.h"
#include "replication/cell_codec.h"
#include "replication/intent_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sunder::live {

namespace {

namespace media = emulator::media;
namespace mirror = replication;

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t cell_slot_bytes = 4096;
constexpr std::size_t above_slot_bytes = 1 << 20;
constexpr std::uint64_t above_at = 2 * cell_slot_bytes;
constexpr std::uint64_t pages_at = above_at + 2 * above_slot_bytes;

}  // namespace

MirrorStore::MirrorStore(std::unique_ptr<media::File> file, std::uint32_t pages_per_peer)
    : file_(std::move(file)), pages_per_peer_(pages_per_peer) {
    if (file_ == nullptr) return;
    cell_.emplace(*file_, 0, cell_slot_bytes);
    above_.emplace(*file_, above_at, above_slot_bytes);
}

std::expected<std::unique_ptr<MirrorStore>, std::string> MirrorStore::open(
    media::Folder* folder, std::string const& mirror_name, mirror::GroupConfig const& config) {
    std::uint64_t const chunks =
        (config.mirrored_sectors + config.chunk_sectors - 1) / config.chunk_sectors;
    auto const pages = static_cast<std::uint32_t>((chunks + mirror::IntentLog::page_bits - 1) /
                                                  mirror::IntentLog::page_bits);
    if (folder == nullptr) return std::unique_ptr<MirrorStore>(new MirrorStore(nullptr, pages));
    std::string const name = mirror_name + ".mirror";
    auto const in = [&](std::string_view words) {
        return std::unexpected(fmt::format("{}/{}: {}", folder->where(), name, words));
    };
    auto file = folder->open(name, media::Folder::Open::made_if_absent);
    if (!file) return in(std::strerror(file.error()));
    if (int const failure = folder->sync()) return in(std::strerror(failure));
    std::unique_ptr<MirrorStore> store(new MirrorStore(std::move(*file), pages));
    if (auto loaded = store->load(config.copies); !loaded) return in(loaded.error());
    return store;
}

std::expected<void, std::string> MirrorStore::load(unsigned copies) {
    auto cell = cell_->load();
    if (!cell) return std::unexpected("the cell: " + cell.error());
    if (*cell) {
        auto decoded = mirror::decode_cell(**cell);
        if (!decoded) return std::unexpected("the cell: " + decoded.error());
        found_.cell = std::move(*decoded);
    }
    auto above = above_->load();
    if (!above) return std::unexpected("the hierarchy: " + above.error());
    if (*above) {
        auto decoded = nodes::decode_hierarchy(**above);
        if (!decoded) return std::unexpected("the hierarchy: " + decoded.error());
        found_.above = std::move(*decoded);
    }
    std::vector<std::byte> bytes(page_bytes);
    for (std::uint8_t peer = 0; peer < copies; ++peer) {
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
    return cell_->store(mirror::encode_cell(cell));
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
