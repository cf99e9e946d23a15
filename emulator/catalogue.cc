// SPDX-License-Identifier: BSD-3-Clause
//
// Names and look-ups of catalogue.h.
#include "emulator/catalogue.h"

#include "base/hash.h"

namespace sunder::emulator {

std::string_view name_of(Vraid vraid) {
    switch (vraid) {
        case Vraid::vraid0:
            return "vraid0";
        case Vraid::vraid1:
            return "vraid1";
        case Vraid::vraid5:
            return "vraid5";
        case Vraid::vraid6:
            return "vraid6";
    }
    return "unknown";
}

std::uint64_t raw_bytes(std::uint64_t chunks, Vraid vraid) {
    std::uint64_t const quarter = chunk_bytes / 4;
    switch (vraid) {
        case Vraid::vraid0:
            return chunks * quarter * 4;
        case Vraid::vraid1:
            return chunks * quarter * 8;
        case Vraid::vraid5:
            return chunks * quarter * 5;
        case Vraid::vraid6:
            return chunks * quarter * 6;
    }
    VERIFY(false);
}

std::string_view name_of(SparePolicy policy) {
    switch (policy) {
        case SparePolicy::none:
            return "none";
        case SparePolicy::single:
            return "single";
        case SparePolicy::twice:
            return "double";
    }
    return "unknown";
}

std::string_view name_of(Occupancy occupancy) {
    switch (occupancy) {
        case Occupancy::normal:
            return "normal";
        case Occupancy::warning:
            return "warning";
        case Occupancy::alarm:
            return "alarm";
    }
    return "unknown";
}

std::string_view name_of(CacheMode mode) {
    switch (mode) {
        case CacheMode::write_back:
            return "write_back";
        case CacheMode::write_through:
            return "write_through";
    }
    return "unknown";
}

std::string_view name_of(Access access) {
    switch (access) {
        case Access::read_write:
            return "read_write";
        case Access::read_only:
            return "read_only";
        case Access::none:
            return "none";
    }
    return "unknown";
}

namespace {

template <class Things>
auto named(Things const& things, std::string_view name)
    -> std::optional<typename Things::key_type> {
    for (auto const& [id, thing] : things) {
        if (thing.name == name) return id;
    }
    return std::nullopt;
}

template <class What>
std::vector<VolumeId> copies_of(Catalogue const& catalogue, VolumeId source) {
    std::vector<VolumeId> found;
    for (auto const& [id, volume] : catalogue.volumes) {
        auto const* const what = volume.template as<What>();
        if (what != nullptr && what->source == source) found.push_back(id);
    }
    return found;
}

void add_text(Hasher& hasher, std::string_view text) {
    hasher.add(text.size());
    for (char const letter : text) hasher.add(static_cast<unsigned char>(letter));
}

void add_role(Hasher& hasher, Role const& role) {
    hasher.add(role.index());
    if (auto const* const snapshot = std::get_if<role::Snapshot>(&role)) {
        hasher.add(snapshot->source.value);
        hasher.add(snapshot->demand * 2U + snapshot->invalid);
    } else if (auto const* const clone = std::get_if<role::Unsharing>(&role)) {
        hasher.add(clone->source.value);
        hasher.add(clone->link.value);
    } else if (auto const* const mirror = std::get_if<role::Mirrorclone>(&role)) {
        hasher.add(mirror->source.value);
        hasher.add(mirror->link.value);
    } else if (auto const* const container = std::get_if<role::Container>(&role)) {
        hasher.add(container->prepared_for ? container->prepared_for->value + 1ULL : 0);
    }
}

}  // namespace

std::optional<DiskGroupId> Catalogue::group_named(std::string_view name) const {
    return named(groups, name);
}
std::optional<VolumeId> Catalogue::volume_named(std::string_view name) const {
    return named(volumes, name);
}
std::optional<HostId> Catalogue::host_named(std::string_view name) const {
    return named(hosts, name);
}
bool Catalogue::presented(VolumeId volume) const {
    return std::any_of(presentations.begin(), presentations.end(),
                       [&](auto const& lun) { return lun.second.volume == volume; });
}
std::vector<VolumeId> Catalogue::snapshots_of(VolumeId source) const {
    return copies_of<role::Snapshot>(*this, source);
}
std::vector<VolumeId> Catalogue::mirrorclones_of(VolumeId source) const {
    return copies_of<role::Mirrorclone>(*this, source);
}
std::vector<VolumeId> Catalogue::snapclones_of(VolumeId source) const {
    return copies_of<role::Unsharing>(*this, source);
}

Fingerprint Catalogue::fingerprint() const {
    Hasher hasher;
    for (auto const& [id, group] : groups) {
        hasher.add(id.value);
        add_text(hasher, group.name);
        hasher.add(group.capacity.bytes);
        hasher.add(group.largest_drive.bytes);
        hasher.add(static_cast<std::uint64_t>(group.spare));
        hasher.add(group.alarm_percent * 1000ULL + group.warning_percent * 2ULL + group.failed);
    }
    for (auto const& [id, volume] : volumes) {
        hasher.add(id.value);
        add_text(hasher, volume.name);
        hasher.add(volume.group.value);
        hasher.add(volume.sectors);
        hasher.add(static_cast<std::uint64_t>(volume.vraid) * 2 + volume.thin);
        add_role(hasher, volume.role);
        hasher.add(volume.map ? volume.map->value + 1ULL : 0);
        hasher.add(static_cast<std::uint64_t>(volume.cache_requested) * 4 +
                   static_cast<std::uint64_t>(volume.cache) * 2 + volume.write_protect);
        hasher.add(volume.leaving ? volume.leaving->value + 1ULL : 0);
    }
    for (auto const& [id, host] : hosts) {
        hasher.add(id.value);
        add_text(hasher, host.name);
    }
    for (auto const& [lun, presentation] : presentations) {
        hasher.add(lun.first.value);
        hasher.add(lun.second);
        hasher.add(presentation.volume.value);
        hasher.add(static_cast<std::uint64_t>(presentation.access));
    }
    hasher.add(last_id);
    return hasher.result();
}

}  // namespace sunder::emulator
