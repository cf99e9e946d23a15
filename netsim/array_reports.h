// SPDX-License-Identifier: BSD-3-Clause
//
// What an array reports of a volume, in the words of its manuals, and what it can be at work on.
// Computed from the array's state, so that it cannot disagree with it.
#pragma once

#include "emulator/array.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sunder::netsim {

/// arrays A3, A6, A8, A9, A10.
enum class ArrayReport : std::uint8_t {
    independent,          ///< an ordinary volume, which needs nobody
    container,            ///< arrays A7
    snapshot,             ///< it can be used, and depends on its source
    invalid,              ///< a snapshot that could not grow
    normalizing,          ///< a snapclone that is being unshared
    sync_in_progress,     ///< a mirrorclone
    synchronized,         ///< a mirrorclone
    fractured,            ///< a mirrorclone
    restore_in_progress,  ///< of a volume from its snapshot or its mirrorclone; of the latter, too
    broken,               ///< a copy; what it has not copied yet is lost
    failed,               ///< its disk group failed
    last
};
std::string_view name_of(ArrayReport);
std::optional<ArrayReport> array_report_of(std::string_view name);

/// Requires a volume that there is.
ArrayReport report_of(emulator::State const& state, emulator::VolumeId volume);

/// What an array puts somewhere, and then enters in its map.
enum class ArrayWork : std::uint8_t {
    write,      ///< a host's
    push,       ///< what a source still owes its copy, before it is overwritten
    unsharing,  ///< a snapclone gets what it lacks (arrays A6)
    resync,     ///< so does a mirrorclone (arrays A8)
    restore,    ///< and a volume from its mirrorclone
    release,    ///< the space of something that is gone is given back
    flush,      ///< all data is stable, and the map is not yet
    last
};
std::string_view name_of(ArrayWork);
std::optional<ArrayWork> array_work_of(std::string_view name);

}  // namespace sunder::netsim
