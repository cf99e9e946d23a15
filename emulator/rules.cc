// SPDX-License-Identifier: BSD-3-Clause
//
// Rules about disk groups, volumes, containers, hosts and presentations.
#include "emulator/rules.h"

#include "emulator/rule_parts.h"

#include "base/text.h"

#include <fmt/format.h>

namespace sunder::emulator {

using rule_parts::bad_size;
using rule_parts::group_takes;
using rule_parts::known;
using rule_parts::name_free;

namespace {

/// As if it were the array's only one, which is what its capacity is like at first.
std::uint64_t usable_of(Profile const& profile, command::AddDiskGroup const& command) {
    State alone;
    alone.profile = profile;
    DiskGroup& group = alone.catalogue.groups[DiskGroupId{1}];
    group.capacity = command.capacity;
    group.largest_drive = command.largest_drive;
    group.spare = command.spare;
    return capacity_of(alone, DiskGroupId{1}).total;
}

Refusal too_large(State const& state, std::string_view name, ByteCount size) {
    auto const [asked, most] = rule_parts::told_apart(size, state.profile.largest_volume);
    return rule_parts::refuse(Rule::volume_too_large, name,
                              fmt::format("{} of at most {}", asked, most));
}

}  // namespace

Verdict may(State const& state, command::AddDiskGroup const& command) {
    if (state.catalogue.group_named(command.name)) return refuse(Rule::name_in_use, command.name);
    if (std::uint64_t const usable = usable_of(state.profile, command); usable < chunk_bytes) {
        return rule_parts::refuse(
            Rule::bad_size, command.name,
            fmt::format("{} of {} are left beside the spares, and one chunk takes {}",
                        to_text(ByteCount{usable}), to_text(command.capacity),
                        to_text(ByteCount{chunk_bytes})));
    }
    if (command.warning_percent > command.alarm_percent || command.alarm_percent > 100) {
        return refuse(Rule::bad_level, command.name);
    }
    return rule_parts::good_name(command.name);
}

Verdict may(State const& state, command::FailDiskGroup const& command) {
    auto const group = state.catalogue.group_named(command.name);
    if (!group) return refuse(Rule::no_such_group, command.name);
    if (state.catalogue.groups.at(*group).failed) return refuse(Rule::group_failed, command.name);
    return std::nullopt;
}

Verdict may(State const& state, command::DeleteDiskGroup const& command) {
    auto const group = state.catalogue.group_named(command.name);
    if (!group) return refuse(Rule::no_such_group, command.name);
    for (auto const& [id, volume] : state.catalogue.volumes) {
        if (volume.group == *group) return refuse(Rule::group_not_empty, command.name);
    }
    // What was deleted is on its way out still.
    for (auto const& [id, family] : state.map.families()) {
        if (family.group == *group) return refuse(Rule::group_not_empty, command.name);
    }
    return std::nullopt;
}

Verdict may(State const& state, command::AddVolume const& command) {
    if (auto refusal = name_free(state, command.name)) return refusal;
    if (bad_size(command.size)) return refuse(Rule::bad_size, command.name);
    bool const missing = (command.vraid == Vraid::vraid6 && !state.profile.vraid6) ||
                         (command.thin && !state.profile.thin);
    if (missing) return refuse(Rule::feature_missing, command.name);
    if (command.size > state.profile.largest_volume) {
        return too_large(state, command.name, command.size);
    }
    if (auto refusal = rule_parts::one_more(state, command.name)) return refusal;
    std::uint64_t const chunks = command.thin ? 0 : chunks_for(command.size.bytes / sector_bytes);
    return group_takes(state, command.group, chunks, command.vraid, command.name);
}

Verdict may(State const& state, command::ExpandVolume const& command) {
    auto const id = state.catalogue.volume_named(command.name);
    if (auto refusal = known(state, command.name)) return refusal;
    Volume const& volume = state.catalogue.volumes.at(*id);
    if (volume.as<role::Container>() != nullptr) return refuse(Rule::is_container, command.name);
    std::uint64_t const sectors = command.size.bytes / sector_bytes;
    if (bad_size(command.size) || sectors <= volume.sectors) {
        return refuse(Rule::bad_size, command.name);
    }
    if (command.size > state.profile.largest_volume) {
        return too_large(state, command.name, command.size);
    }
    if (rule_parts::has_relatives(state, *id)) return refuse(Rule::has_relatives, command.name);
    if (emptying(state, *id)) return refuse(Rule::restore_in_progress, command.name);
    std::uint64_t const more = volume.thin ? 0 : chunks_for(sectors) - volume.chunks();
    std::string const& group = state.catalogue.groups.at(volume.group).name;
    return group_takes(state, group, more, volume.vraid, command.name);
}

Verdict may(State const& state, command::DeleteVolume const& command) {
    if (auto refusal = known(state, command.name)) return refusal;
    VolumeId const id = *state.catalogue.volume_named(command.name);
    Volume const& volume = state.catalogue.volumes.at(id);
    if (state.catalogue.presented(id)) return refuse(Rule::is_presented, command.name);
    if (!state.catalogue.snapclones_of(id).empty()) {
        return refuse(Rule::source_has_snapclone, command.name);
    }
    if (!state.catalogue.snapshots_of(id).empty()) {
        return refuse(Rule::source_has_snapshot, command.name);
    }
    // What can never be finished may go.
    bool const lost = broken(state, id);
    if (!state.catalogue.mirrorclones_of(id).empty() && !lost) {
        return refuse(Rule::source_has_mirrorclone, command.name);
    }
    if (volume.as<role::Unsharing>() != nullptr && !state.profile.delete_while_unsharing && !lost) {
        return refuse(Rule::snapclone_unsharing, command.name);
    }
    auto const* const mirrorclone = volume.as<role::Mirrorclone>();
    if (mirrorclone != nullptr && broken(state, mirrorclone->source)) {
        return refuse(Rule::mirrorclone_source_broken, command.name);
    }
    if (mirrorclone != nullptr && !lost) {
        bool const fractured = std::holds_alternative<mirror::Fractured>(mirror_state(state, id));
        return refuse(fractured ? Rule::mirrorclone_attached : Rule::mirrorclone_not_fractured,
                      command.name);
    }
    return std::nullopt;
}

namespace {

/// arrays A10. Requires that it is known.
Verdict not_invalid(State const& state, std::string_view name) {
    VolumeId const id = *state.catalogue.volume_named(name);
    auto const* const snapshot = state.catalogue.volumes.at(id).as<role::Snapshot>();
    if (snapshot == nullptr || !snapshot->invalid) return std::nullopt;
    return refuse(Rule::snapshot_invalid, name);
}

}  // namespace

Verdict may(State const& state, command::RenameVolume const& command) {
    if (auto refusal = known(state, command.name)) return refusal;
    if (auto refusal = not_invalid(state, command.name)) return refusal;
    return name_free(state, command.to);
}

Verdict may(State const& state, command::SetCache const& command) {
    if (auto refusal = known(state, command.name)) return refusal;
    VolumeId const id = *state.catalogue.volume_named(command.name);
    if (state.catalogue.volumes.at(id).as<role::Container>() != nullptr) {
        return refuse(Rule::is_container, command.name);
    }
    return not_invalid(state, command.name);
}

Verdict may(State const& state, command::SetWriteProtect const& command) {
    return may(state, command::SetCache{command.name, CacheMode::write_back});
}

Verdict may(State const& state, command::AddContainer const& command) {
    return may(state,
               command::AddVolume{command.name, command.group, command.size, command.vraid, false});
}

Verdict may(State const& state, command::ChangeIntoContainer const& command) {
    if (auto refusal = known(state, command.name)) return refusal;
    VolumeId const id = *state.catalogue.volume_named(command.name);
    Volume const& volume = state.catalogue.volumes.at(id);
    if (volume.as<role::Container>() != nullptr) return refuse(Rule::is_container, command.name);
    if (state.catalogue.presented(id)) return refuse(Rule::is_presented, command.name);
    if (rule_parts::has_relatives(state, id)) return refuse(Rule::has_relatives, command.name);
    if (emptying(state, id)) return refuse(Rule::restore_in_progress, command.name);
    if (!volume.thin) return std::nullopt;
    // A container has all its space.
    std::uint64_t const more = volume.chunks() - state.map.member(*volume.map).mapped;
    std::string const& group = state.catalogue.groups.at(volume.group).name;
    return group_takes(state, group, more, volume.vraid, command.name);
}

Verdict may(State const& state, command::Prepare const& command) {
    if (auto refusal = known(state, command.container)) return refusal;
    if (auto refusal = known(state, command.source)) return refusal;
    if (!state.licensed) return refuse(Rule::no_licence, command.source);
    return rule_parts::container_fits(state, command.container, command.source);
}

Verdict may(State const& state, command::AddHost const& command) {
    if (state.catalogue.host_named(command.name)) return refuse(Rule::name_in_use, command.name);
    return rule_parts::good_name(command.name);
}

Verdict may(State const& state, command::DeleteHost const& command) {
    auto const host = state.catalogue.host_named(command.name);
    if (!host) return refuse(Rule::no_such_host, command.name);
    for (auto const& [lun, presentation] : state.catalogue.presentations) {
        if (lun.first == *host) return refuse(Rule::host_presented, command.name);
    }
    return std::nullopt;
}

Verdict may(State const& state, command::Present const& command) {
    auto const host = state.catalogue.host_named(command.host);
    if (!host) return refuse(Rule::no_such_host, command.host);
    if (auto refusal = known(state, command.volume)) return refusal;
    VolumeId const id = *state.catalogue.volume_named(command.volume);
    Volume const& volume = state.catalogue.volumes.at(id);
    if (command.lun < state.profile.lowest_lun || command.lun > state.profile.highest_lun) {
        return rule_parts::refuse(Rule::lun_out_of_range, command.host,
                                  fmt::format("{} of {} to {}", command.lun,
                                              state.profile.lowest_lun, state.profile.highest_lun));
    }
    if (state.catalogue.presentations.contains({*host, command.lun})) {
        return refuse(Rule::lun_in_use, command.host);
    }
    for (auto const& [key, shown] : state.catalogue.presentations) {
        if (key.first != *host || shown.volume != id) continue;
        return refuse(Rule::presented_already, command.volume);
    }
    if (volume.as<role::Container>() != nullptr) return refuse(Rule::is_container, command.volume);
    auto const* const snapshot = volume.as<role::Snapshot>();
    if (snapshot != nullptr && snapshot->invalid) {
        return refuse(Rule::snapshot_invalid, command.volume);
    }
    bool const hidden = volume.as<role::Mirrorclone>() != nullptr &&
                        !std::holds_alternative<mirror::Fractured>(mirror_state(state, id));
    if (hidden) return refuse(Rule::mirrorclone_not_fractured, command.volume);
    return std::nullopt;
}

Verdict may(State const& state, command::Unpresent const& command) {
    auto const host = state.catalogue.host_named(command.host);
    if (!host) return refuse(Rule::no_such_host, command.host);
    if (!state.catalogue.presentations.contains({*host, command.lun})) {
        return refuse(Rule::no_such_lun, command.host);
    }
    return std::nullopt;
}

}  // namespace sunder::emulator
