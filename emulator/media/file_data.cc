// SPDX-License-Identifier: BSD-3-Clause
//
// The files behind file_data.h.
#include "emulator/media/file_data.h"

#include "emulator/media/mutant.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace sunder::emulator::media {

namespace {

constexpr std::string_view before_number = "disk-group-";
constexpr std::string_view after_number = ".data";

}  // namespace

std::string data_file_name(DiskGroupId group) {
    return fmt::format("{}{}{}", before_number, group.value, after_number);
}

std::optional<DiskGroupId> group_of_file(std::string_view name) {
    DiskGroupId group;
    if (!name.starts_with(before_number)) return std::nullopt;
    std::string_view const rest = name.substr(before_number.size());
    std::from_chars(rest.data(), rest.data() + rest.size(), group.value);
    if (name != data_file_name(group)) return std::nullopt;
    return group;
}

FileData::FileData(Folder& folder, std::shared_ptr<Health> health)
    : folder_(folder),
      health_(std::move(health)),
      by_group_(std::make_unique<std::array<std::atomic<Held*>, 65536>>()) {}

FileData::~FileData() = default;

std::expected<FileData::Held*, int> FileData::open(DiskGroupId group, Folder::Open how) {
    std::lock_guard const guard(opening_);
    std::atomic<Held*>& place = (*by_group_)[group.value];
    if (Held* const there = place.load(std::memory_order_acquire)) return there;
    auto file = folder_.open(data_file_name(group), how);
    if (!file) return std::unexpected(file.error());
    all_.push_back(std::make_unique<Held>());
    Held* const made = all_.back().get();
    made->file = std::move(*file);
    if (how == Folder::Open::made_if_absent) entered_.store(false, std::memory_order_release);
    place.store(made, std::memory_order_release);
    return made;
}

int FileData::adopt(DiskGroupId group) {
    auto const opened = open(group, Folder::Open::existing);
    return opened ? 0 : opened.error();
}

std::expected<FileData::Held*, int> FileData::held(DiskGroupId group) {
    Held* const there = (*by_group_)[group.value].load(std::memory_order_acquire);
    if (there != nullptr) return there;
    return open(group, Folder::Open::made_if_absent);
}

int FileData::read(DiskGroupId group, std::uint64_t offset, std::span<std::byte> into) {
    std::size_t there = 0;
    if (Held* const held = (*by_group_)[group.value].load(std::memory_order_acquire)) {
        auto const got = held->file->read(offset, into);
        if (!got) return got.error();
        there = *got;
    }
    if (there < into.size())
        std::fill(into.begin() + static_cast<std::ptrdiff_t>(there), into.end(), std::byte{});
    return 0;
}

int FileData::write(DiskGroupId group, std::uint64_t offset, std::span<std::byte const> from) {
    auto const there = held(group);
    if (!there) return there.error();
    int const error = (*there)->file->write(offset, from);
    // Said after it was written: a sync that finds it covers the write.
    if (!(*there)->unsynced.load()) (*there)->unsynced.store(true);
    return error;
}

int FileData::zero(DiskGroupId group, std::uint64_t offset, std::uint64_t count) {
    static constexpr std::array<std::byte, chunk_bytes> zeroes{};
    while (count != 0) {
        std::uint64_t const part = std::min<std::uint64_t>(count, zeroes.size());
        if (int const error = write(group, offset, std::span(zeroes).first(part))) return error;
        offset += part;
        count -= part;
    }
    return 0;
}

// Neither a sync nor an error matters here: nobody has anything there, and whoever is given the
// place next syncs what he writes, which comes after the hole.
int FileData::punch(DiskGroupId group, std::uint64_t offset, std::uint64_t count) {
    Held* const there = (*by_group_)[group.value].load(std::memory_order_acquire);
    return there == nullptr ? 0 : there->file->punch(offset, count);
}

std::expected<Slot, int> FileData::slots(DiskGroupId group) {
    Held* const there = (*by_group_)[group.value].load(std::memory_order_acquire);
    if (there == nullptr) return 0;
    auto const size = there->file->size();
    if (!size) return std::unexpected(size.error());
    return static_cast<Slot>((*size + chunk_bytes - 1) / chunk_bytes);
}

int FileData::sync() {
    // Whoever finds nothing to do has waited for those who do it.
    std::lock_guard const guard(syncing_);
    if (health_->failed.load()) return EIO;
    std::vector<Held*> held;
    {
        std::lock_guard const opening(opening_);
        for (auto const& one : all_) held.push_back(one.get());
    }
    int error = 0;
    for (Held* const one : held) {
        if (error == 0 && one->unsynced.exchange(false)) error = one->file->sync();
    }
    if (error == 0 && !mutant(Mutant::file_not_entered) && !entered_.exchange(true)) {
        error = folder_.sync();
    }
    if (error != 0 && !mutant(Mutant::sync_tried_again)) health_->failed.store(true);
    return error;
}

int FileData::sync_all() {
    {
        std::lock_guard const opening(opening_);
        for (auto const& one : all_) one->unsynced.store(true);
    }
    entered_.store(false);
    return sync();
}

void FileData::drop(DiskGroupId group) {
    std::lock_guard const guard(opening_);
    Held* const held = (*by_group_)[group.value].exchange(nullptr);
    if (held != nullptr) held->unsynced.store(false);
    // What cannot be removed is removed when the store is opened the next time.
    static_cast<void>(folder_.remove(data_file_name(group)));
}

}  // namespace sunder::emulator::media
