// SPDX-License-Identifier: BSD-3-Clause
//
// The volumes as hosts see them: the driver's requests, with the faults that befall them. Without
// faults nothing is added but the question whether there are any.
#pragma once

#include "emulator/media/driver.h"
#include "emulator/media/faults.h"

#include <span>

namespace sunder::emulator::media {

class BadDisk {
public:
    BadDisk(Driver& driver, Faults& faults) : driver_(driver), faults_(faults) {}

    // As those of driver.h.
    IoResult read(VolumeId volume, std::uint64_t offset, std::span<std::byte> into);
    IoResult write(VolumeId volume, std::uint64_t offset, std::span<std::byte const> from,
                   bool durable);
    IoResult zero(VolumeId volume, std::uint64_t offset, std::uint64_t count, bool keep,
                  bool durable);
    IoResult flush(VolumeId volume);

private:
    IoResult flush_range(VolumeId volume, Extent range);
    IoResult write_badly(VolumeId volume, std::uint64_t offset, std::span<std::byte const> from,
                         std::vector<Fault> const& faults);
    std::uint64_t elsewhere(VolumeId volume, std::uint64_t offset, std::uint64_t count);

    Driver& driver_;
    Faults& faults_;
};

}  // namespace sunder::emulator::media
