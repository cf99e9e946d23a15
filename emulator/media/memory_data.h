// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes of disk groups in memory. What was never written takes none; nothing survives the process.
#pragma once

#include "emulator/media/group_data.h"

#include <array>
#include <atomic>
#include <memory>

namespace sunder::emulator::media {

class MemoryData : public GroupData {
public:
    MemoryData() = default;
    ~MemoryData() override;
    MemoryData(MemoryData const&) = delete;
    MemoryData& operator=(MemoryData const&) = delete;

    int read(DiskGroupId group, std::uint64_t offset, std::span<std::byte> into) override;
    int write(DiskGroupId group, std::uint64_t offset, std::span<std::byte const> from) override;
    int zero(DiskGroupId group, std::uint64_t offset, std::uint64_t count) override;
    int sync() override { return 0; }
    void drop(DiskGroupId group) override;

private:
    // A group's bytes lie in segments of address space, reserved when the first byte is written;
    // pages behind them when they are touched. 128 TiB, as many as there are slots.
    static constexpr std::uint64_t segment_bytes = std::uint64_t{1} << 34;
    static constexpr std::size_t segments = 8192;
    using Group = std::array<std::atomic<std::byte*>, segments>;

    Group* find(DiskGroupId group, bool make);
    static std::byte* find(Group& group, std::size_t segment, bool make);
    static void give_up(Group& group);

    // By id; ids count up, and an array has few groups.
    std::array<std::atomic<Group*>, 65536> groups_{};
};

}  // namespace sunder::emulator::media
