// SPDX-License-Identifier: BSD-3-Clause
//
// What differs between the arrays and firmwares that are emulated: limits, what a firmware has, and
// which of two contradicting manuals is believed. Sources in brackets are those of the reference
// ("arrays"); (U) marks what no stored manual says.
#pragma once

#include "base/describe.h"
#include "base/units.h"

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::emulator {

/// arrays A10, a CONFLICT: what happens when demand-allocated snapshots cannot grow.
enum class Overcommit : std::uint8_t {
    fail_writes,           ///< writes that would make them grow fail, the source's too
                           ///< [EVA-2 p.441][EVA-6 p.137]
    invalidate_snapshots,  ///< the family's are invalidated, the source goes on [EVA-1 p.11]
};
std::string_view name_of(Overcommit);

struct Profile {
    std::string_view name;
    Overcommit overcommit = Overcommit::fail_writes;
    std::uint32_t snapshots_per_source = 0;  ///< arrays A5 (U): 7, 16 or 64
    /// arrays A5 [EVA-2 p.441]: the sizes of one source's snapshots together; 0: no such limit.
    ByteCount snapshot_sizes;
    ByteCount largest_volume;                   ///< arrays A5 [EVA-2 p.441]; later ones (U)
    std::uint32_t volumes = 0;                  ///< arrays A5 (U): with snapshots and containers
    std::uint32_t mirrorclones_per_source = 0;  ///< arrays A5 (U); 0: the firmware has none
    std::uint32_t multisnap_volumes = 0;        ///< arrays A5 (U): in one MULTISNAP
    std::uint32_t lowest_lun = 1;               ///< arrays A5 (U)
    std::uint32_t highest_lun = 255;            ///< arrays A5 (U)
    /// arrays A4.6 [EVA-4 p.35]: up to XCS 10000000 what is still normalizing cannot be the source
    /// of a snapclone; the newest manual limits the clause to those.
    bool snapclone_of_normalizing = false;
    bool instant_restore = false;  ///< arrays A9 (U which firmware)
    bool vraid6 = false;           ///< arrays A2 (U which firmware)
    /// arrays A2 (U): the "same or lower" rule's order of Vraid6 and Vraid1.
    bool vraid6_above_vraid1 = true;
    bool thin = false;  ///< volumes that take space as they are written (`istpvdisk`)
    bool delete_while_unsharing = false;       ///< arrays A3 (U): a snapclone that is not done yet
    std::uint32_t spare_drives_per_level = 2;  ///< arrays A2 (U): times the largest drive
    friend bool operator==(Profile const&, Profile const&) = default;
};
SUNDER_DESCRIBE(Profile, name, overcommit, snapshots_per_source, snapshot_sizes, largest_volume,
                volumes, mirrorclones_per_source, multisnap_volumes, lowest_lun, highest_lun,
                snapclone_of_normalizing, instant_restore, vraid6, vraid6_above_vraid1, thin,
                delete_while_unsharing, spare_drives_per_level);

/// One of the choices between manuals that contradict each other, or say nothing, as people write
/// it: "overcommit" and "fail_writes", "delete_while_unsharing" and "yes".
struct Switch {
    std::string name;
    std::string value;
    friend bool operator==(Switch const&, Switch const&) = default;
};
/// What can be switched, and what people are told of it.
struct SwitchKind {
    std::string_view name;
    std::string_view about;
    std::span<std::string_view const> values;
    bool Profile::* place;  ///< of "yes" and "no"; null: a policy's names, of `overcommit`
};
std::span<SwitchKind const> switch_kinds();

/// Lets an array differ from its profile in that. The error says what is right.
std::expected<void, std::string> set_switch(Profile& profile, Switch const& wanted);
/// All there are, as the profile has them; those in which it is not as the one of its name.
std::vector<Switch> switches_of(Profile const& profile);
std::vector<Switch> switched(Profile const& profile);

/// All that are known, oldest first.
std::span<Profile const> profiles();
/// Null when there is none of that name.
Profile const* find_profile(std::string_view name);

}  // namespace sunder::emulator
