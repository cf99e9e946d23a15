// SPDX-License-Identifier: BSD-3-Clause
//
// Commands about disk groups, volumes, containers, hosts and presentations, carried out once the
// rules allow them.
#include "emulator/array.h"

#include "emulator/leaving.h"
#include "emulator/rules.h"

namespace sunder::emulator {

Array::Array(Profile const& profile, bool licensed) {
    state_.profile = profile;
    state_.licensed = licensed;
}

std::expected<Answer, Refusal> Array::carry_out(Command const& command) {
    return std::visit([&](auto const& one) { return carry_out_one(one); }, command);
}

template <class What>
Array::Result Array::carry_out_one(What const& command) {
    if (Verdict refusal = may(state_, command)) return std::unexpected(std::move(*refusal));
    room_.clear();
    std::erase_if(state_.leaving, [&](auto const& left) { return !state_.map.has(left.first); });
    Answer answer;
    catalogue_changed_ = true;
    apply(command, answer);
    answer.durable = state_.map.touch();
    return answer;
}

Array::Result Array::carry_out_one(command::AddMultisnap const& command) {
    if (Verdict refusal = may(state_, command)) return std::unexpected(std::move(*refusal));
    Array const before = *this;
    Answer answer;
    for (auto const& copy : command.copies) {
        Result made = std::visit([&](auto const& one) { return carry_out_one(one); }, copy);
        if (!made) {
            *this = before;
            return made;
        }
        answer.made.insert(answer.made.end(), made->made.begin(), made->made.end());
        answer.durable = made->durable;
    }
    return answer;
}

VolumeId Array::add(Volume volume) {
    VolumeId const id{++state_.catalogue.last_id};
    state_.catalogue.volumes.emplace(id, std::move(volume));
    return id;
}

Volume& Array::volume_named(std::string const& name) {
    return state_.catalogue.volumes.at(*state_.catalogue.volume_named(name));
}

void Array::set_map(VolumeId volume, MapId map) {
    state_.catalogue.volumes.at(volume).map = map;
    state_.owners[map] = volume;
}

void Array::drop_map(Volume& volume) {
    if (!volume.map) return;
    state_.owners.erase(*volume.map);
    let_leave(state_, *volume.map, volume.vraid);
    state_.map.drop(*volume.map);
    volume.map.reset();
}

void Array::apply(command::AddDiskGroup const& command, Answer&) {
    DiskGroupId const id{static_cast<std::uint16_t>(++state_.catalogue.last_id)};
    state_.catalogue.groups[id] =
        DiskGroup{command.name,  command.capacity,      command.largest_drive,
                  command.spare, command.alarm_percent, command.warning_percent,
                  false};
}

void Array::apply(command::FailDiskGroup const& command, Answer&) {
    DiskGroupId const id = *state_.catalogue.group_named(command.name);
    state_.catalogue.groups.at(id).failed = true;
    fail_links(id);
}

void Array::fail_links(DiskGroupId group) {
    std::vector<VolumeId> alone;
    for (auto const& [id, volume] : state_.catalogue.volumes) {
        LinkId link;
        if (auto const* const clone = volume.as<role::Unsharing>()) {
            link = clone->link;
            // What was not copied from a failed group is lost, and stays lost: the link remembers.
            if (volume.group == group) alone.push_back(id);
        } else if (auto const* const mirror = volume.as<role::Mirrorclone>()) {
            link = mirror->link;
            bool const restores = state_.map.link_of(link).mode == LinkMode::come_back &&
                                  !state_.map.link_of(link).lacking.empty();
            DiskGroupId const source = state_.catalogue.volumes.at(mirror->source).group;
            // A source that reads from its mirrorclone goes down with it; any other goes on.
            if (restores ? source == group : volume.group == group) alone.push_back(id);
        }
    }
    for (VolumeId const id : alone) {
        Volume& volume = state_.catalogue.volumes.at(id);
        auto const* const clone = volume.as<role::Unsharing>();
        state_.map.unlink(clone != nullptr ? clone->link : volume.as<role::Mirrorclone>()->link);
        volume.role = role::Ordinary{};
    }
}

void Array::apply(command::DeleteDiskGroup const& command, Answer&) {
    state_.catalogue.groups.erase(*state_.catalogue.group_named(command.name));
}

void Array::apply(command::AddVolume const& command, Answer& answer) {
    Volume volume;
    volume.name = command.name;
    volume.group = *state_.catalogue.group_named(command.group);
    volume.sectors = command.size.bytes / sector_bytes;
    volume.vraid = command.vraid;
    volume.thin = command.thin;
    MapId const map = state_.map.create(volume.group, volume.sectors);
    answer.made.push_back(add(std::move(volume)));
    set_map(answer.made.back(), map);
}

void Array::apply(command::ExpandVolume const& command, Answer&) {
    Volume& volume = volume_named(command.name);
    volume.sectors = command.size.bytes / sector_bytes;
    state_.map.expand(*volume.map, volume.sectors);
}

void Array::apply(command::DeleteVolume const& command, Answer&) {
    VolumeId const id = *state_.catalogue.volume_named(command.name);
    Volume& volume = state_.catalogue.volumes.at(id);
    // Only copies that can never be finished still have a link here, or a snapclone that goes
    // before it is.
    for (VolumeId const mirror : state_.catalogue.mirrorclones_of(id)) {
        Volume& clone = state_.catalogue.volumes.at(mirror);
        state_.map.unlink(clone.as<role::Mirrorclone>()->link);
        clone.role = role::Ordinary{};
    }
    if (auto const* const clone = volume.as<role::Unsharing>()) state_.map.unlink(clone->link);
    if (auto const* const mirror = volume.as<role::Mirrorclone>()) {
        state_.map.unlink(mirror->link);
    }
    for (auto& [other, place] : state_.catalogue.volumes) {
        auto* const container = std::get_if<role::Container>(&place.role);
        if (container != nullptr && container->prepared_for == id) container->prepared_for.reset();
    }
    drop_map(volume);
    state_.catalogue.volumes.erase(id);
}

void Array::apply(command::RenameVolume const& command, Answer&) {
    volume_named(command.name).name = command.to;
}

void Array::apply(command::SetCache const& command, Answer&) {
    Volume& volume = volume_named(command.name);
    volume.cache_requested = volume.cache = command.mode;
}

void Array::apply(command::SetWriteProtect const& command, Answer&) {
    volume_named(command.name).write_protect = command.on;
}

void Array::apply(command::AddContainer const& command, Answer& answer) {
    Volume volume;
    volume.name = command.name;
    volume.group = *state_.catalogue.group_named(command.group);
    volume.sectors = command.size.bytes / sector_bytes;
    volume.vraid = command.vraid;
    volume.role = role::Container{};
    answer.made.push_back(add(std::move(volume)));
}

void Array::apply(command::ChangeIntoContainer const& command, Answer&) {
    Volume& volume = volume_named(command.name);
    volume.leaving = volume.map;
    drop_map(volume);
    volume.role = role::Container{};
    volume.thin = false;
}

void Array::apply(command::Prepare const& command, Answer&) {
    volume_named(command.container).role =
        role::Container{*state_.catalogue.volume_named(command.source)};
}

void Array::apply(command::AddHost const& command, Answer&) {
    state_.catalogue.hosts[HostId{++state_.catalogue.last_id}] = Host{command.name};
}

void Array::apply(command::DeleteHost const& command, Answer&) {
    state_.catalogue.hosts.erase(*state_.catalogue.host_named(command.name));
}

void Array::apply(command::Present const& command, Answer&) {
    HostId const host = *state_.catalogue.host_named(command.host);
    state_.catalogue.presentations[{host, command.lun}] =
        Presentation{*state_.catalogue.volume_named(command.volume), command.access};
}

void Array::apply(command::Unpresent const& command, Answer&) {
    HostId const host = *state_.catalogue.host_named(command.host);
    state_.catalogue.presentations.erase({host, command.lun});
}

std::vector<std::string> Array::audit() const {
    std::vector<std::string> wrong = state_.map.audit();
    for (auto const& [id, volume] : state_.catalogue.volumes) {
        if (!volume.map) continue;
        bool const fits = state_.map.has(*volume.map) &&
                          state_.map.member(*volume.map).sectors == volume.sectors &&
                          state_.map.family_of(*volume.map).group == volume.group &&
                          state_.owners.at(*volume.map) == id;
        if (!fits) wrong.push_back(volume.name + ": its map is not of its size and disk group");
    }
    for (auto const& [id, group] : state_.catalogue.groups) {
        Capacity const capacity = capacity_of(state_, id);
        if (capacity.used > capacity.total) {
            wrong.push_back(group.name + ": more is in use than there is");
        }
        std::uint64_t used = 0;
        for (auto const& [name, family] : state_.map.families()) {
            if (family.group == id) used += family.slots;
        }
        if (used != state_.map.slots_used(id)) {
            wrong.push_back(group.name + ": its families' slots do not add up");
        }
    }
    return wrong;
}

Fingerprint Array::fingerprint() const {
    return hash_words(state_.catalogue.fingerprint(), state_.map.fingerprint(), state_.licensed,
                      last_filled_.value);
}

}  // namespace sunder::emulator
