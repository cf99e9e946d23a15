// SPDX-License-Identifier: BSD-3-Clause
//
// The bytes of disk groups. Which of them mean something is known to the map alone; a place that
// was never written reads as zeroes.
#pragma once

#include "emulator/geometry.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sunder::emulator::media {

/// Offsets and sizes are bytes of the group's store: slot n begins at n * 64 KiB. Many threads read
/// and write at once. Each returns 0 or an errno.
class GroupData {
public:
    virtual ~GroupData() = default;
    virtual int read(DiskGroupId group, std::uint64_t offset, std::span<std::byte> into) = 0;
    virtual int write(DiskGroupId group, std::uint64_t offset, std::span<std::byte const> from) = 0;
    virtual int zero(DiskGroupId group, std::uint64_t offset, std::uint64_t count) = 0;
    /// Takes no space there any more, if it can be. Requires that nobody has anything there, and
    /// that this is durable. EOPNOTSUPP: it cannot, and need not be asked again.
    virtual int punch(DiskGroupId /*group*/, std::uint64_t /*offset*/, std::uint64_t /*count*/) {
        return EOPNOTSUPP;
    }
    /// Every write that returned before it was called survives a power cut. Once it failed it fails
    /// for ever (G11).
    virtual int sync() = 0;
    /// The group is gone, or failed; its data may go. Requires that this is durable in the
    /// catalogue and that nobody reads or writes there.
    virtual void drop(DiskGroupId group) = 0;
};

}  // namespace sunder::emulator::media
