// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator may ask of an array, as values with the names that people use; and the answers.
#pragma once

#include "emulator/catalogue.h"
#include "emulator/refusal.h"

#include <algorithm>
#include <optional>
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
    /// Whoever says one of the levels need not know what the other is: that one gives way.
    void set_levels(std::optional<unsigned> alarm, std::optional<unsigned> warning) {
        unsigned const higher = alarm.value_or(alarm_percent);
        unsigned const lower = warning.value_or(warning_percent);
        alarm_percent = alarm.value_or(std::max(higher, lower));
        warning_percent = warning.value_or(std::min(higher, lower));
    }
    friend bool operator==(AddDiskGroup const&, AddDiskGroup const&) = default;
};
/// A fault, not an operator's wish: what the disk group holds is lost for good.
struct FailDiskGroup {
    std::string name;
    friend bool operator==(FailDiskGroup const&, FailDiskGroup const&) = default;
};
/// Requires that nothing lives in it.
struct DeleteDiskGroup {
    std::string name;
    friend bool operator==(DeleteDiskGroup const&, DeleteDiskGroup const&) = default;
};

struct AddVolume {
    std::string name;
    std::string group;
    ByteCount size;
    Vraid vraid = Vraid::vraid5;
    bool thin = false;
    friend bool operator==(AddVolume const&, AddVolume const&) = default;
};
struct ExpandVolume {
    std::string name;
    ByteCount size;  ///< afterwards
    friend bool operator==(ExpandVolume const&, ExpandVolume const&) = default;
};
/// Of anything that counts as a volume: copies and containers, too.
struct DeleteVolume {
    std::string name;
    friend bool operator==(DeleteVolume const&, DeleteVolume const&) = default;
};
struct RenameVolume {
    std::string name;
    std::string to;
    friend bool operator==(RenameVolume const&, RenameVolume const&) = default;
};
struct SetCache {
    std::string name;
    CacheMode mode = CacheMode::write_back;
    friend bool operator==(SetCache const&, SetCache const&) = default;
};
struct SetWriteProtect {
    std::string name;
    bool on = false;
    friend bool operator==(SetWriteProtect const&, SetWriteProtect const&) = default;
};

struct AddContainer {
    std::string name;
    std::string group;
    ByteCount size;
    Vraid vraid = Vraid::vraid5;
    friend bool operator==(AddContainer const&, AddContainer const&) = default;
};
/// Its content is given up (arrays D2: change_into_container).
struct ChangeIntoContainer {
    std::string name;
    friend bool operator==(ChangeIntoContainer const&, ChangeIntoContainer const&) = default;
};
/// arrays A7: what takes time of making a copy is done before the application is frozen.
struct Prepare {
    std::string container;
    std::string source;
    friend bool operator==(Prepare const&, Prepare const&) = default;
};

struct AddHost {
    std::string name;
    friend bool operator==(AddHost const&, AddHost const&) = default;
};
struct DeleteHost {
    std::string name;
    friend bool operator==(DeleteHost const&, DeleteHost const&) = default;
};
struct Present {
    std::string host;
    std::uint32_t lun = 0;
    std::string volume;
    Access access = Access::read_write;
    friend bool operator==(Present const&, Present const&) = default;
};
struct Unpresent {
    std::string host;
    std::uint32_t lun = 0;
    friend bool operator==(Unpresent const&, Unpresent const&) = default;
};

/// With a container: fully allocated, in its place, of its Vraid.
struct AddSnapshot {
    std::string name;
    std::string source;
    bool demand = true;
    std::optional<Vraid> vraid{};  ///< none: the source's
    std::string container{};
    friend bool operator==(AddSnapshot const&, AddSnapshot const&) = default;
};
/// With a container: in its place; without: in `group`, or else the source's.
struct AddSnapclone {
    std::string name;
    std::string source;
    std::string group{};
    std::optional<Vraid> vraid{};
    std::string container{};
    friend bool operator==(AddSnapclone const&, AddSnapclone const&) = default;
};
struct AddMirrorclone {
    std::string name;
    std::string source;
    std::string group{};
    std::optional<Vraid> vraid{};
    std::string container{};
    friend bool operator==(AddMirrorclone const&, AddMirrorclone const&) = default;
};
/// Copies of several volumes at one instant (arrays A12): all, or none.
struct AddMultisnap {
    std::vector<std::variant<AddSnapshot, AddSnapclone>> copies{};
    friend bool operator==(AddMultisnap const&, AddMultisnap const&) = default;
};
/// arrays A9: the volume shows at once what its snapshot holds.
struct RestoreSnapshot {
    std::string volume;
    std::string snapshot;
    friend bool operator==(RestoreSnapshot const&, RestoreSnapshot const&) = default;
};

// Of a mirrorclone (arrays A8):
struct Fracture {
    std::string mirrorclone;
    friend bool operator==(Fracture const&, Fracture const&) = default;
};
struct Resync {
    std::string mirrorclone;
    friend bool operator==(Resync const&, Resync const&) = default;
};
struct RestoreMirrorclone {
    std::string mirrorclone;
    friend bool operator==(RestoreMirrorclone const&, RestoreMirrorclone const&) = default;
};
struct Detach {
    std::string mirrorclone;
    friend bool operator==(Detach const&, Detach const&) = default;
};
/// The two swap roles: hosts go on with the source, on the mirrorclone's disk group.
struct Migrate {
    std::string mirrorclone;
    friend bool operator==(Migrate const&, Migrate const&) = default;
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
