// SPDX-License-Identifier: BSD-3-Clause
//
// What state.h reads off an array.
#include "emulator/state.h"

namespace sunder::emulator {

std::string_view name_of(MirrorState const& state) {
    struct Name {
        std::string_view operator()(mirror::SyncInProgress const&) { return "Sync in progress"; }
        std::string_view operator()(mirror::Synchronized const&) { return "Synchronized"; }
        std::string_view operator()(mirror::Fractured const&) { return "Fractured"; }
        std::string_view operator()(mirror::RestoreInProgress const&) {
            return "Restore in progress";
        }
    };
    return std::visit(Name{}, state);
}

MirrorState mirror_state(State const& state, VolumeId mirrorclone) {
    auto const* const role = state.catalogue.volumes.at(mirrorclone).as<role::Mirrorclone>();
    VERIFY(role != nullptr);
    Link const& link = state.map.link_of(role->link);
    switch (link.mode) {
        case LinkMode::follow:
            if (link.lacking.empty()) return mirror::Synchronized{};
            return mirror::SyncInProgress{link.lacking.chunks()};
        case LinkMode::apart:
            return mirror::Fractured{link.changed.chunks()};
        case LinkMode::come_back:
            return mirror::RestoreInProgress{link.lacking.chunks()};
        case LinkMode::push:
            break;
    }
    VERIFY(false);
}

namespace {

Volume const* volume_of(State const& state, MapId map) {
    auto const found = state.owners.find(map);
    return found == state.owners.end() ? nullptr : &state.catalogue.volumes.at(found->second);
}

}  // namespace

std::uint64_t reserved_growth(State const& state, BlockMap::Family const& family) {
    std::uint64_t chunks = 0;
    for (MapId const map : family.members) {
        Volume const* const volume = volume_of(state, map);
        if (volume == nullptr) continue;
        auto const* const snapshot = volume->as<role::Snapshot>();
        if (snapshot != nullptr && !snapshot->demand) chunks += volume->chunks();
    }
    return chunks;
}

Vraid growth_vraid(State const& state, BlockMap::Family const& family) {
    Vraid of_leaving = Vraid::vraid0;
    for (MapId const map : family.members) {
        if (map == family.members.front()) continue;
        // Those of one source are of one Vraid (arrays A4.3), and those that leave count as one.
        if (Volume const* const volume = volume_of(state, map)) return volume->vraid;
        auto const left = state.leaving.find(map);
        if (left != state.leaving.end()) of_leaving = left->second;
    }
    return of_leaving;
}

std::uint64_t growth_of(State const& state, BlockMap::Family const& family) {
    BlockMap::Member const& first = state.map.member(family.members.front());
    return family.slots > first.mapped ? family.slots - first.mapped : 0;
}

std::uint64_t raw_growth(std::uint64_t growth, std::uint64_t reserved, Vraid vraid) {
    return growth > reserved ? raw_bytes(growth - reserved, vraid) : 0;
}

Capacity capacity_of(State const& state, DiskGroupId id) {
    DiskGroup const& group = state.catalogue.groups.at(id);
    std::uint64_t drives = state.profile.spare_drives_per_level;
    switch (group.spare) {
        case SparePolicy::none:
            drives = 0;
            break;
        case SparePolicy::single:
            break;
        case SparePolicy::twice:
            drives *= 2;
            break;
    }
    std::uint64_t const all = group.capacity.bytes;
    std::uint64_t const drive = group.largest_drive.bytes;
    Capacity capacity;
    // Divided, for the product may not fit.
    capacity.total = drives == 0 ? all : drive <= all / drives ? all - drive * drives : 0;
    for (auto const& [name, volume] : state.catalogue.volumes) {
        if (volume.group != id) continue;
        auto const* const snapshot = volume.as<role::Snapshot>();
        if (snapshot != nullptr && (snapshot->demand || snapshot->invalid)) continue;
        std::uint64_t const chunks =
            volume.thin && volume.map ? state.map.member(*volume.map).mapped : volume.chunks();
        capacity.used += raw_bytes(chunks, volume.vraid);
    }
    for (auto const& [name, family] : state.map.families()) {
        if (family.group != id || family.slots == 0) continue;
        std::uint64_t const growth = growth_of(state, family);
        // A first map that was dropped has no reservation any more, and takes what it still has;
        // but for one whose volume became a container, and still keeps the space.
        auto const left = state.leaving.find(family.members.front());
        bool const kept = std::any_of(
            state.catalogue.volumes.begin(), state.catalogue.volumes.end(), [&](auto const& one) {
                return one.second.template as<role::Container>() != nullptr &&
                       one.second.leaving == family.members.front();
            });
        if (left != state.leaving.end() && !kept) {
            capacity.used += raw_bytes(family.slots - growth, left->second);
        }
        if (growth == 0) continue;
        capacity.used +=
            raw_growth(growth, reserved_growth(state, family), growth_vraid(state, family));
    }
    return capacity;
}

Occupancy occupancy_of(State const& state, DiskGroupId id) {
    DiskGroup const& group = state.catalogue.groups.at(id);
    Capacity const capacity = capacity_of(state, id);
    // A hundred times a capacity may not fit.
    auto const reaches = [&](std::uint64_t percent) {
        std::uint64_t const rest = capacity.total % 100 * percent;
        return capacity.used >= capacity.total / 100 * percent + (rest + 99) / 100;
    };
    if (reaches(group.alarm_percent)) return Occupancy::alarm;
    if (reaches(group.warning_percent)) return Occupancy::warning;
    return Occupancy::normal;
}

bool normalizing(State const& state, VolumeId volume) {
    return state.catalogue.volumes.at(volume).as<role::Unsharing>() != nullptr;
}

bool broken(State const& state, VolumeId id) {
    Volume const& volume = state.catalogue.volumes.at(id);
    if (!volume.map) return false;
    auto const& behind = state.map.member(*volume.map).behind;
    if (!behind) return false;
    Link const& link = state.map.link_of(*behind);
    return !link.lacking.empty() &&
           state.catalogue.groups.at(state.map.family_of(link.ahead).group).failed;
}

bool emptying(State const& state, VolumeId id) {
    auto const& leaving = state.catalogue.volumes.at(id).leaving;
    return leaving && state.map.has(*leaving);
}

bool restoring(State const& state, VolumeId id) {
    if (emptying(state, id)) return true;
    Volume const& volume = state.catalogue.volumes.at(id);
    if (!volume.map) return false;
    auto const& behind = state.map.member(*volume.map).behind;
    return behind && state.map.link_of(*behind).mode == LinkMode::come_back;
}

unsigned progress_of(State const& state, VolumeId id) {
    Volume const& volume = state.catalogue.volumes.at(id);
    auto const percent = [](std::uint64_t left, std::uint64_t all) {
        return left == 0 ? 100U : static_cast<unsigned>((all - left) * 100 / all);
    };
    if (emptying(state, id)) {
        BlockMap::Member const& old = state.map.member(*volume.leaving);
        return percent(old.chunks() - old.released, old.chunks());
    }
    if (!volume.map) return 100;
    auto const& behind = state.map.member(*volume.map).behind;
    if (!behind) return 100;
    Link const& link = state.map.link_of(*behind);
    return percent(link.lacking.chunks(), link.lacking.size());
}

}  // namespace sunder::emulator
