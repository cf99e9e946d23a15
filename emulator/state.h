// SPDX-License-Identifier: BSD-3-Clause
//
// All there is of an array, as one value; and what can be read off it: how full a disk group is, in
// which state a mirrorclone is, how far a copy got. Everything here is computed, so that it cannot
// disagree with the map.
#pragma once

#include "emulator/block_map.h"
#include "emulator/catalogue.h"
#include "emulator/profile.h"

#include <optional>
#include <string_view>
#include <variant>

namespace sunder::emulator {

struct State {
    Profile profile;
    bool licensed = true;  ///< for local copies (arrays A4.1)
    Catalogue catalogue;
    BlockMap map;
    std::map<MapId, VolumeId> owners;  ///< whose map it is: an index of the catalogue
    std::map<MapId, Vraid> leaving;    ///< dropped maps that still take space, and how much of it
    friend bool operator==(State const&, State const&) = default;
};

/// arrays A8. Detached: it is an ordinary volume.
namespace mirror {
struct SyncInProgress {
    std::uint64_t chunks_left = 0;
};
struct Synchronized {};
struct Fractured {
    std::uint64_t chunks_changed = 0;  ///< on either side since
};
struct RestoreInProgress {
    std::uint64_t chunks_left = 0;
};
}  // namespace mirror
using MirrorState = std::variant<mirror::SyncInProgress, mirror::Synchronized, mirror::Fractured,
                                 mirror::RestoreInProgress>;
/// "Sync in progress", as the manuals report it.
std::string_view name_of(MirrorState const&);
/// Requires a mirrorclone.
MirrorState mirror_state(State const& state, VolumeId mirrorclone);

/// Raw bytes of a disk group.
struct Capacity {
    std::uint64_t total = 0;  ///< without what is kept for spares
    std::uint64_t used = 0;   ///< reserved, or taken by copies beyond that
    [[nodiscard]] std::uint64_t free() const { return used < total ? total - used : 0; }
};
Capacity capacity_of(State const& state, DiskGroupId group);
Occupancy occupancy_of(State const& state, DiskGroupId group);

/// Fully allocated copies of a family: slots that are reserved beside those of its first map.
std::uint64_t reserved_growth(State const& state, BlockMap::Family const& family);
/// Of what its copies take. When they are gone, what they leave behind counts as it lies, for
/// vraid0: so whatever it was paid at, no deletion makes a disk group fuller.
Vraid growth_vraid(State const& state, BlockMap::Family const& family);
/// Slots that the family has beyond those of its first map.
std::uint64_t growth_of(State const& state, BlockMap::Family const& family);
/// What so many such slots take beside so many that are reserved.
std::uint64_t raw_growth(std::uint64_t growth, std::uint64_t reserved, Vraid vraid);

/// The volume's copy, or its restore, is going on: 0..100 percent; 100 when nothing is.
unsigned progress_of(State const& state, VolumeId volume);
/// It lacks something of the volume it is copied from (arrays A6).
bool normalizing(State const& state, VolumeId volume);
/// What it still lacks is lost, because the disk group that has it failed.
bool broken(State const& state, VolumeId volume);
/// What it held before is still being given up.
bool emptying(State const& state, VolumeId volume);
/// A restore of the volume, by whatever way, is going on.
bool restoring(State const& state, VolumeId volume);

}  // namespace sunder::emulator
