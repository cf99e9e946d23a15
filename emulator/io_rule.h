// SPDX-License-Identifier: BSD-3-Clause
//
// The rules by which a host's request fails. Which errno a host gets for each is for whoever serves
// it to say (emulator/media/io_error.h).
#pragma once

#include <cstdint>
#include <string_view>

namespace sunder::emulator {

/// Why a host's request fails. Nothing of it was done.
enum class IoRule : std::uint8_t {
    no_such_volume,
    not_accessible,  ///< a container, or a mirrorclone that is not fractured (arrays A8)
    out_of_range,
    read_only,
    snapshot_invalid,  ///< it could not grow (arrays A10); a medium error to hosts
    medium_error,      ///< a disk group that has the data, or has to take it, failed
    copies_full,       ///< snapshots would have to grow and cannot (arrays A10)
    group_full,        ///< a thin volume would have to
};
std::string_view name_of(IoRule);

}  // namespace sunder::emulator
