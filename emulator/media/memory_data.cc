// SPDX-License-Identifier: BSD-3-Clause
//
// Segments of address space, and what is done to the pages behind them.
#include "emulator/media/memory_data.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sunder::emulator::media {

namespace {

constexpr std::uint64_t page_bytes = 4096;

// Calls `part(segment, offset within it, count)` for each segment that the range lies in, until
// one of them fails.
template <class Part>
int for_parts(std::uint64_t offset, std::uint64_t count, std::uint64_t segment_bytes, Part&& part) {
    while (count > 0) {
        std::uint64_t const within = offset % segment_bytes;
        std::uint64_t const size = std::min(count, segment_bytes - within);
        if (int const failure = part(offset / segment_bytes, within, size); failure != 0) {
            return failure;
        }
        offset += size;
        count -= size;
    }
    return 0;
}

}  // namespace

MemoryData::~MemoryData() {
    for (auto& group : groups_) {
        Group* const held = group.load();
        if (held == nullptr) continue;
        give_up(*held);
        delete held;
    }
}

MemoryData::Group* MemoryData::find(DiskGroupId id, bool make) {
    auto& place = groups_.at(id.value);
    Group* found = place.load(std::memory_order_acquire);
    if (found != nullptr || !make) return found;
    auto made = std::make_unique<Group>();
    // Somebody else may have come first.
    return place.compare_exchange_strong(found, made.get()) ? made.release() : found;
}

std::byte* MemoryData::find(Group& group, std::size_t segment, bool make) {
    VERIFY(segment < group.size());
    std::byte* found = group[segment].load(std::memory_order_acquire);
    if (found != nullptr || !make) return found;
    void* const made = ::mmap(nullptr, segment_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED) return nullptr;
    if (group[segment].compare_exchange_strong(found, static_cast<std::byte*>(made))) {
        return static_cast<std::byte*>(made);
    }
    ::munmap(made, segment_bytes);
    return found;
}

void MemoryData::give_up(Group& group) {
    for (auto& segment : group) {
        std::byte* const held = segment.exchange(nullptr);
        if (held != nullptr) ::munmap(held, segment_bytes);
    }
}

int MemoryData::read(DiskGroupId id, std::uint64_t offset, std::span<std::byte> into) {
    Group* const group = find(id, false);
    std::byte* to = into.data();
    return for_parts(offset, into.size(), segment_bytes,
                     [&](std::size_t segment, std::uint64_t within, std::uint64_t size) {
                         std::byte const* const held =
                             group == nullptr ? nullptr : find(*group, segment, false);
                         if (held == nullptr) {
                             std::memset(to, 0, size);
                         } else {
                             std::memcpy(to, held + within, size);
                         }
                         to += size;
                         return 0;
                     });
}

int MemoryData::write(DiskGroupId id, std::uint64_t offset, std::span<std::byte const> from) {
    Group* const group = find(id, true);
    std::byte const* next = from.data();
    return for_parts(offset, from.size(), segment_bytes,
                     [&](std::size_t segment, std::uint64_t within, std::uint64_t size) {
                         std::byte* const held = find(*group, segment, true);
                         if (held == nullptr) return ENOMEM;
                         std::memcpy(held + within, next, size);
                         next += size;
                         return 0;
                     });
}

int MemoryData::zero(DiskGroupId id, std::uint64_t offset, std::uint64_t count) {
    Group* const group = find(id, false);
    if (group == nullptr) return 0;
    return for_parts(offset, count, segment_bytes,
                     [&](std::size_t segment, std::uint64_t within, std::uint64_t size) {
                         std::byte* const held = find(*group, segment, false);
                         if (held == nullptr) return 0;
                         std::uint64_t const first = (within + page_bytes - 1) / page_bytes;
                         std::uint64_t const end = (within + size) / page_bytes;
                         bool const large = end > first + 16;  // else a system call costs more
                         if (!large) {
                             std::memset(held + within, 0, size);
                             return 0;
                         }
                         std::memset(held + within, 0, first * page_bytes - within);
                         std::memset(held + end * page_bytes, 0, within + size - end * page_bytes);
                         int const done = ::madvise(held + first * page_bytes,
                                                    (end - first) * page_bytes, MADV_DONTNEED);
                         return done == 0 ? 0 : errno;
                     });
}

void MemoryData::drop(DiskGroupId id) {
    Group* const group = groups_.at(id.value).load();
    if (group != nullptr) give_up(*group);
}

}  // namespace sunder::emulator::media
