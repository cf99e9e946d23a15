// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator may ask of an array, as values with the names that people use; and the answers.
#pragma once

#include "emulator/catalogue.h"
#include "emulator/refusal.h"

#include <string>
#include <variant>
#include <vector>

namespace sunder::emulator {

namespace command {

struct AddDiskGroup {
    std::string name;
    ByteCount capacity;
    ByteCount largest_drive{};
    SparePolicy spare = SparePolicy::none;
    unsigned alarm_percent = 95;
    unsigned warning_percent = 90;
};
/// A fault, not an operator's wish: what the disk group holds is lost for good.
struct FailDiskGroup {
    std::string name;
};
/// Requires that nothing lives in it.
struct DeleteDiskGroup {
    std::string name;
};

struct AddVolume {
    std::string name;
    std::string group;
    ByteCount size;
    Vraid vraid = Vraid::vraid5;
    bool thin = false;
};
struct ExpandVolume {
    std::string name;
    ByteCount size;  ///< afterwards
};
/// Of anything that counts as a volume: copies and containers, too.
struct DeleteVolume {
    std::string name;
};
struct RenameVolume {
    std::string name;
    std::string to;
};
struct SetCache {
    std::string name;
    CacheMode mode = CacheMode::write_back;
};
struct SetWriteProtect {
    std::string name;
    bool on = false;
};

struct AddContainer {
    std::string name;
    std::string group;
    ByteCount size;
    Vraid vraid = Vraid::vraid5;
};
/// Its content is given up (arrays D2: change_into_container).
struct ChangeIntoContainer {
    std::string name;
};
/// arrays A7: what takes time of making a copy is done before the application is frozen.
struct Prepare {
    std::string container;
    std::string source;
};

struct AddHost {
    std::string name;
};
struct DeleteHost {
    std::string name;
};
struct Present {
    std::string host;
    std::uint32_t lun = 0;
    std::string volume;
    Access access = Access::read_write;
};
struct Unpresent {
    std::string host;
    std::uint32_t lun = 0;
};

/// With a container: fully allocated, in its place, of its Vraid.
struct AddSnapshot {
    std::string name;
    std::string source;
    bool demand = true;
    std::optional<Vraid> vraid{};  ///< none: the source's
    std::string container{};
};
/// With a container: in its place; without: in `group`, or else the source's.
struct AddSnapclone {
    std::string name;
    std::string source;
    std::string group{};
    std::optional<Vraid> vraid{};
    std::string container{};
};
struct AddMirrorclone {
    std::string name;
    std::string source;
    std::string group{};
    std::optional<Vraid> vraid{};
    std::string container{};
};
/// Copies of several volumes at one instant (arrays A12): all, or none.
struct AddMultisnap {
    std::vector<std::variant<AddSnapshot, AddSnapclone>> copies{};
};
/// arrays A9: the volume shows at once what its snapshot holds.
struct RestoreSnapshot {
    std::string volume;
    std::string snapshot;
};

// Of a mirrorclone (arrays A8):
struct Fracture {
    std::string mirrorclone;
};
struct Resync {
    std::string mirrorclone;
};
struct RestoreMirrorclone {
    std::string mirrorclone;
};
struct Detach {
    std::string mirrorclone;
};
/// The two swap roles: hosts go on with the source, on the mirrorclone's disk group.
struct Migrate {
    std::string mirrorclone;
};

}  // namespace command

using Command =
    std::variant<command::AddDiskGroup, command::FailDiskGroup, command::DeleteDiskGroup,
                 command::AddVolume, command::ExpandVolume, command::DeleteVolume,
                 command::RenameVolume, command::SetCache, command::SetWriteProtect,
                 command::AddContainer, command::ChangeIntoContainer, command::Prepare,
                 command::AddHost, command::DeleteHost, command::Present, command::Unpresent,
                 command::AddSnapshot, command::AddSnapclone, command::AddMirrorclone,
                 command::AddMultisnap, command::RestoreSnapshot, command::Fracture,
                 command::Resync, command::RestoreMirrorclone, command::Detach, command::Migrate>;

/// The driver makes everything up to `durable` durable before it answers, or plans anything else.
struct Answer {
    std::vector<VolumeId> made{};  ///< in the order in which they were asked for
    Commit durable = 0;
};

}  // namespace sunder::emulator
