// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator sees of an array: disk groups, volumes and their copies, containers, hosts and
// presentations (arrays A1). Values; what may be done to them is decided by rules.h, and where
// their data lies by block_map.h.
#pragma once

#include "emulator/geometry.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace sunder::emulator {

/// arrays A2, in no order.
enum class Vraid : std::uint8_t { vraid0, vraid1, vraid5, vraid6 };
std::string_view name_of(Vraid);
/// Raw bytes that so many usable chunks take (arrays A2 [OSVC-COLL]).
std::uint64_t raw_bytes(std::uint64_t chunks, Vraid vraid);

/// arrays A1: how many drive failures space is kept for.
enum class SparePolicy : std::uint8_t { none, single, twice };
std::string_view name_of(SparePolicy);

struct DiskGroup {
    std::string name;
    ByteCount capacity;       ///< raw, of all drives
    ByteCount largest_drive;  ///< what a spare reservation is counted in
    SparePolicy spare = SparePolicy::none;
    unsigned alarm_percent = 95;    ///< occupancy alarm level
    unsigned warning_percent = 90;  ///< occupancy warning level
    bool failed = false;            ///< its data is lost
    friend bool operator==(DiskGroup const&, DiskGroup const&) = default;
};
enum class Occupancy : std::uint8_t { normal, warning, alarm };
std::string_view name_of(Occupancy);

/// What a volume is to others. A snapclone that is done, and a mirrorclone that was detached, are
/// ordinary (arrays A3, A6).
namespace role {
struct Ordinary {
    friend bool operator==(Ordinary, Ordinary) = default;
};
struct Snapshot {
    VolumeId source;
    bool demand = true;    ///< demand-allocated; else its whole size is reserved
    bool invalid = false;  ///< it could not grow (arrays A10): it reads errors, and can be deleted
    friend bool operator==(Snapshot const&, Snapshot const&) = default;
};
struct Unsharing {  ///< a snapclone that is normalizing
    VolumeId source;
    LinkId link;
    friend bool operator==(Unsharing const&, Unsharing const&) = default;
};
struct Mirrorclone {
    VolumeId source;
    LinkId link;  ///< which knows its state: array.h (`mirror_state`)
    friend bool operator==(Mirrorclone const&, Mirrorclone const&) = default;
};
struct Container {
    std::optional<VolumeId> prepared_for{};  ///< arrays A7
    friend bool operator==(Container const&, Container const&) = default;
};
}  // namespace role
using Role = std::variant<role::Ordinary, role::Snapshot, role::Unsharing, role::Mirrorclone,
                          role::Container>;

/// arrays A11: requested and actual are fields of their own.
enum class CacheMode : std::uint8_t { write_back, write_through };
std::string_view name_of(CacheMode);

struct Volume {
    std::string name;
    DiskGroupId group;
    std::uint64_t sectors = 0;
    Vraid vraid = Vraid::vraid5;
    bool thin = false;
    Role role;
    std::optional<MapId> map{};  ///< none: a container, or a snapshot that is invalid
    CacheMode cache_requested = CacheMode::write_back;
    CacheMode cache = CacheMode::write_back;
    bool write_protect = false;
    std::optional<MapId> leaving{};  ///< what it held before it was restored or became a container
    friend bool operator==(Volume const&, Volume const&) = default;

    [[nodiscard]] std::uint64_t chunks() const { return chunks_for(sectors); }
    template <class What>
    [[nodiscard]] What const* as() const {
        return std::get_if<What>(&role);
    }
};

enum class Access : std::uint8_t { read_write, read_only, none };
std::string_view name_of(Access);

using HostId = Id<struct HostTag, std::uint32_t>;
struct Host {
    std::string name;
    friend bool operator==(Host const&, Host const&) = default;
};
struct Presentation {
    VolumeId volume;
    Access access = Access::read_write;
    friend bool operator==(Presentation const&, Presentation const&) = default;
};

struct Catalogue {
    std::map<DiskGroupId, DiskGroup> groups{};
    std::map<VolumeId, Volume> volumes{};
    std::map<HostId, Host> hosts{};
    std::map<std::pair<HostId, std::uint32_t>, Presentation> presentations{};  ///< by LUN
    std::uint32_t last_id = 0;
    friend bool operator==(Catalogue const&, Catalogue const&) = default;

    [[nodiscard]] std::optional<DiskGroupId> group_named(std::string_view name) const;
    [[nodiscard]] std::optional<VolumeId> volume_named(std::string_view name) const;
    [[nodiscard]] std::optional<HostId> host_named(std::string_view name) const;
    [[nodiscard]] bool presented(VolumeId volume) const;
    [[nodiscard]] std::vector<VolumeId> snapshots_of(VolumeId source) const;
    [[nodiscard]] std::vector<VolumeId> mirrorclones_of(VolumeId source) const;
    [[nodiscard]] std::vector<VolumeId> snapclones_of(VolumeId source) const;  ///< not done yet
    [[nodiscard]] Fingerprint fingerprint() const;
};

}  // namespace sunder::emulator
