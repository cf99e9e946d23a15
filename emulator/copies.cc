// SPDX-License-Identifier: BSD-3-Clause
//
// Commands about local copies, carried out once the rules allow them.
#include "emulator/array.h"

#include "emulator/leaving.h"

namespace sunder::emulator {

VolumeId Array::make_copy(std::string const& name, std::string const& source,
                          std::string const& group, std::optional<Vraid> vraid,
                          std::string const& container) {
    Volume& from = volume_named(source);
    if (!container.empty()) {
        VolumeId const id = *state_.catalogue.volume_named(container);
        Volume& place = state_.catalogue.volumes.at(id);
        place.name = name;
        place.leaving.reset();
        // arrays A11: the firmware sets both back to write-back.
        place.cache = place.cache_requested = CacheMode::write_back;
        from.cache = from.cache_requested = CacheMode::write_back;
        return id;
    }
    Volume volume;
    volume.name = name;
    volume.group = group.empty() ? from.group : *state_.catalogue.group_named(group);
    volume.sectors = from.sectors;
    volume.vraid = vraid.value_or(from.vraid);
    return add(std::move(volume));
}

void Array::apply(command::AddSnapshot const& command, Answer& answer) {
    VolumeId const source = *state_.catalogue.volume_named(command.source);
    VolumeId const id =
        make_copy(command.name, command.source, "", command.vraid, command.container);
    Volume& volume = state_.catalogue.volumes.at(id);
    volume.role = role::Snapshot{source, command.demand, false};
    set_map(id, state_.map.snapshot(*state_.catalogue.volumes.at(source).map));
    answer.made.push_back(id);
}

void Array::apply(command::AddSnapclone const& command, Answer& answer) {
    VolumeId const source = *state_.catalogue.volume_named(command.source);
    VolumeId const id =
        make_copy(command.name, command.source, command.group, command.vraid, command.container);
    Volume& volume = state_.catalogue.volumes.at(id);
    set_map(id, state_.map.create(volume.group, volume.sectors));
    MapId const from = *state_.catalogue.volumes.at(source).map;
    volume.role = role::Unsharing{source, state_.map.link(from, *volume.map, LinkMode::push)};
    answer.made.push_back(id);
}

void Array::apply(command::AddMirrorclone const& command, Answer& answer) {
    VolumeId const source = *state_.catalogue.volume_named(command.source);
    VolumeId const id =
        make_copy(command.name, command.source, command.group, command.vraid, command.container);
    Volume& volume = state_.catalogue.volumes.at(id);
    set_map(id, state_.map.create(volume.group, volume.sectors));
    MapId const from = *state_.catalogue.volumes.at(source).map;
    volume.role = role::Mirrorclone{source, state_.map.link(from, *volume.map, LinkMode::follow)};
    answer.made.push_back(id);
}

void Array::apply(command::RestoreSnapshot const& command, Answer&) {
    Volume& volume = volume_named(command.volume);
    MapId const gone = state_.map.restore(*volume.map, *volume_named(command.snapshot).map);
    let_leave(state_, gone, volume.vraid);
    volume.leaving = gone;
}

void Array::apply(command::Fracture const& command, Answer&) {
    state_.map.fracture(volume_named(command.mirrorclone).as<role::Mirrorclone>()->link);
}

void Array::apply(command::Resync const& command, Answer&) {
    state_.map.resync(volume_named(command.mirrorclone).as<role::Mirrorclone>()->link);
}

void Array::apply(command::RestoreMirrorclone const& command, Answer&) {
    state_.map.come_back(volume_named(command.mirrorclone).as<role::Mirrorclone>()->link);
}

void Array::apply(command::Detach const& command, Answer&) {
    Volume& clone = volume_named(command.mirrorclone);
    state_.map.unlink(clone.as<role::Mirrorclone>()->link);
    clone.role = role::Ordinary{};
}

void Array::apply(command::Migrate const& command, Answer&) {
    Volume& clone = volume_named(command.mirrorclone);
    auto const* const role = clone.as<role::Mirrorclone>();
    Volume& source = state_.catalogue.volumes.at(role->source);
    state_.map.swap_sides(role->link);
    std::swap(state_.owners.at(*clone.map), state_.owners.at(*source.map));
    std::swap(clone.map, source.map);
    std::swap(clone.group, source.group);
    std::swap(clone.vraid, source.vraid);
}

Commit Array::conclude(LinkId link) {
    Link const& done = state_.map.link_of(link);
    VERIFY(done.lacking.empty());
    room_.clear();
    if (done.mode == LinkMode::come_back) {
        state_.map.come_back_ends(link);
        Volume& mirror = state_.catalogue.volumes.at(state_.owners.at(done.behind));
        if (!state_.catalogue.groups.at(mirror.group).failed) return state_.map.commits();
        // Its hosts wrote all that the source lacked: nobody follows it in a failed disk group.
        state_.map.unlink(link);
        mirror.role = role::Ordinary{};
        catalogue_changed_ = true;
        return state_.map.commits();
    }
    VERIFY(done.mode == LinkMode::push);
    catalogue_changed_ = true;
    Volume& clone = state_.catalogue.volumes.at(state_.owners.at(done.behind));
    state_.map.unlink(link);
    clone.role = role::Ordinary{};
    return state_.map.commits();
}

std::vector<VolumeId> Array::overflow(std::vector<VolumeId> const& snapshots) {
    std::vector<VolumeId> invalid;
    for (VolumeId const snapshot : snapshots) {
        auto const found = state_.catalogue.volumes.find(snapshot);
        if (found == state_.catalogue.volumes.end()) continue;
        auto* const role = std::get_if<role::Snapshot>(&found->second.role);
        if (role == nullptr || !role->demand || role->invalid) continue;
        drop_map(found->second);
        role->invalid = true;
        catalogue_changed_ = true;
        invalid.push_back(snapshot);
    }
    room_.clear();
    return invalid;
}

}  // namespace sunder::emulator
