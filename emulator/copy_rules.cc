// SPDX-License-Identifier: BSD-3-Clause
//
// Rules about local copies (arrays A4, A7..A9, A12).
#include "emulator/names.h"
#include "emulator/rule_parts.h"

#include "base/text.h"

#include <fmt/format.h>

#include <set>

namespace sunder::emulator {

namespace rule_parts {

Refusal refuse(Rule rule, std::string_view subject, std::string const& figures) {
    RuleText const text = text_of(rule);
    return {rule,
            fmt::format("{}: {}: {} ({})", printable(subject), text.text, figures, text.source)};
}

std::pair<std::string, std::string> told_apart(ByteCount one, ByteCount other) {
    std::pair words{to_text(one), to_text(other)};
    if (words.first != words.second || one == other) return words;
    return {fmt::format("{} B", one.bytes), fmt::format("{} B", other.bytes)};
}

Verdict good_name(std::string_view name) {
    if (!is_good_name(name)) return refuse(Rule::bad_name, name);
    return std::nullopt;
}

Verdict name_free(State const& state, std::string_view name) {
    if (state.catalogue.volume_named(name)) return refuse(Rule::name_in_use, name);
    return good_name(name);
}

Verdict known(State const& state, std::string_view name) {
    if (state.catalogue.volume_named(name)) return std::nullopt;
    return refuse(Rule::no_such_volume, name);
}

bool bad_size(ByteCount size) { return size.bytes == 0 || size.bytes % sector_bytes != 0; }

Verdict one_more(State const& state, std::string_view name) {
    if (state.catalogue.volumes.size() < state.profile.volumes) return std::nullopt;
    return refuse(Rule::too_many_volumes, name, fmt::format("{}", state.profile.volumes));
}

Verdict group_takes(State const& state, std::string_view group, std::uint64_t chunks, Vraid vraid,
                    std::string_view subject) {
    auto const id = state.catalogue.group_named(group);
    if (!id) return refuse(Rule::no_such_group, group);
    if (state.catalogue.groups.at(*id).failed) return refuse(Rule::group_failed, subject);
    return may_grow(state, *id, 0, raw_bytes(chunks, vraid), subject);
}

Verdict may_grow(State const& state, DiskGroupId group, std::uint64_t before, std::uint64_t after,
                 std::string_view subject) {
    std::uint64_t const free = capacity_of(state, group).free();
    if (after <= before || after - before <= free) return std::nullopt;
    auto const [there, needed] = told_apart({free}, {after - before});
    return refuse(Rule::no_space, subject,
                  fmt::format("'{}' has {} free, and {} are needed",
                              printable(state.catalogue.groups.at(group).name), there, needed));
}

bool has_relatives(State const& state, VolumeId id) {
    Catalogue const& catalogue = state.catalogue;
    return catalogue.volumes.at(id).as<role::Ordinary>() == nullptr ||
           !catalogue.snapshots_of(id).empty() || !catalogue.mirrorclones_of(id).empty() ||
           !catalogue.snapclones_of(id).empty();
}

Verdict container_fits(State const& state, std::string_view container, std::string_view source) {
    VolumeId const source_id = *state.catalogue.volume_named(source);
    Volume const& place = state.catalogue.volumes.at(*state.catalogue.volume_named(container));
    Volume const& from = state.catalogue.volumes.at(source_id);
    auto const* const role = place.as<role::Container>();
    if (role == nullptr) return refuse(Rule::not_a_container, container);
    if (from.as<role::Container>() != nullptr) return refuse(Rule::is_container, source);
    if (place.sectors != from.sectors) return refuse(Rule::container_size, container);
    if (role->prepared_for && *role->prepared_for != source_id) {
        return refuse(Rule::container_prepared, container);
    }
    if (emptying(state, *state.catalogue.volume_named(container))) {
        return refuse(Rule::container_emptying, container);
    }
    return std::nullopt;
}

}  // namespace rule_parts

using rule_parts::known;

namespace {

/// arrays A2 (U): of the "same or lower" rule.
unsigned height(Profile const& profile, Vraid vraid) {
    switch (vraid) {
        case Vraid::vraid0:
            return 0;
        case Vraid::vraid5:
            return 1;
        case Vraid::vraid1:
            return 3;
        case Vraid::vraid6:
            return profile.vraid6_above_vraid1 ? 4 : 2;
    }
    VERIFY(false);
}

/// What every copy asks for: a licence, names, a source that works. `placed`: where it is to lie is
/// said as well.
Verdict copy_begins(State const& state, std::string_view name, std::string_view source,
                    std::string_view container, bool placed) {
    if (auto refusal = known(state, source)) return refusal;
    if (!state.licensed) return refuse(Rule::no_licence, source);
    Volume const& from = state.catalogue.volumes.at(*state.catalogue.volume_named(source));
    if (from.as<role::Container>() != nullptr) return refuse(Rule::is_container, source);
    if (state.catalogue.groups.at(from.group).failed) return refuse(Rule::group_failed, source);
    if (container.empty() || name != container) {
        if (auto refusal = rule_parts::name_free(state, name)) return refusal;
    }
    if (container.empty()) return rule_parts::one_more(state, name);
    if (auto refusal = known(state, container)) return refusal;
    if (placed) return refuse(Rule::container_decides, container);
    return rule_parts::container_fits(state, container, source);
}

/// Where a clone goes: into its container, which has the room, or into a group that has it.
Verdict clone_fits(State const& state, command::AddSnapclone const& command) {
    Volume const& from = state.catalogue.volumes.at(*state.catalogue.volume_named(command.source));
    Vraid const vraid = command.vraid.value_or(from.vraid);
    if (!command.container.empty()) {
        VolumeId const id = *state.catalogue.volume_named(command.container);
        DiskGroupId const group = state.catalogue.volumes.at(id).group;
        if (!state.catalogue.groups.at(group).failed) return std::nullopt;
        return refuse(Rule::group_failed, command.container);
    }
    if (vraid == Vraid::vraid6 && !state.profile.vraid6) {
        return refuse(Rule::feature_missing, command.name);
    }
    std::string const& own = state.catalogue.groups.at(from.group).name;
    return rule_parts::group_takes(state, command.group.empty() ? own : command.group,
                                   from.chunks(), vraid, command.name);
}

Verdict snapshot_limits(State const& state, command::AddSnapshot const& command, VolumeId source) {
    Volume const& from = state.catalogue.volumes.at(source);
    auto const others = state.catalogue.snapshots_of(source);
    if (others.size() >= state.profile.snapshots_per_source) {
        return rule_parts::refuse(Rule::too_many_snapshots, command.source,
                                  fmt::format("{}", state.profile.snapshots_per_source));
    }
    std::uint64_t const sum = (others.size() + 1) * from.sectors * sector_bytes;
    if (state.profile.snapshot_sizes.bytes != 0 && sum > state.profile.snapshot_sizes.bytes) {
        auto const [all, most] = rule_parts::told_apart({sum}, state.profile.snapshot_sizes);
        return rule_parts::refuse(Rule::snapshot_sizes_exceeded, command.source,
                                  fmt::format("{} of at most {}", all, most));
    }
    return std::nullopt;
}

/// A copy's Vraid is that of all that its family's copies take, and of what is left of earlier
/// ones.
Verdict snapshot_fits(State const& state, command::AddSnapshot const& command, Volume const& source,
                      Vraid vraid) {
    BlockMap::Family const& family = state.map.family_of(*source.map);
    std::uint64_t const growth = growth_of(state, family);
    std::uint64_t const reserved = reserved_growth(state, family);
    std::uint64_t const own = command.demand ? 0 : source.chunks();
    std::uint64_t const before = raw_growth(growth, reserved, growth_vraid(state, family));
    std::uint64_t after = raw_growth(growth, reserved + own, vraid);
    // A container has its space already.
    if (command.container.empty()) after += raw_bytes(own, vraid);
    return rule_parts::may_grow(state, source.group, before, after, command.name);
}

/// What a volume takes beside its copies when so many of its chunks are mapped.
std::uint64_t raw_of(Volume const& volume, std::uint64_t mapped, Vraid vraid) {
    return raw_bytes(volume.thin ? mapped : volume.chunks(), vraid);
}

/// What it holds takes space of its own until it is given up; a thin volume takes what it shows.
Verdict restore_fits(State const& state, Volume const& volume, Volume const& snapshot) {
    BlockMap::Family const& family = state.map.family_of(*volume.map);
    auto const takes = [&](std::uint64_t mapped) {
        std::uint64_t const growth = family.slots > mapped ? family.slots - mapped : 0;
        return raw_of(volume, mapped, volume.vraid) +
               raw_growth(growth, reserved_growth(state, family), growth_vraid(state, family));
    };
    return rule_parts::may_grow(state, volume.group, takes(state.map.member(*volume.map).mapped),
                                takes(state.map.member(*snapshot.map).mapped), volume.name);
}

/// Either has the other's place then, and takes in it what it is: all its chunks, or, if it is
/// thin, those that are mapped.
Verdict migration_fits(State const& state, Volume const& clone, Volume const& source) {
    auto const mapped = [&](Volume const& volume) { return state.map.member(*volume.map).mapped; };
    auto const takes = [&](Volume const& who, Volume const& where) {
        return raw_of(who, mapped(where), where.vraid);
    };
    std::uint64_t const here = takes(source, source);
    std::uint64_t const there = takes(clone, clone);
    if (clone.group == source.group) {
        return rule_parts::may_grow(state, source.group, here + there,
                                    takes(clone, source) + takes(source, clone), clone.name);
    }
    if (auto refusal =
            rule_parts::may_grow(state, source.group, here, takes(clone, source), clone.name)) {
        return refusal;
    }
    return rule_parts::may_grow(state, clone.group, there, takes(source, clone), clone.name);
}

/// A thin source takes space for what only its mirrorclone has.
Verdict clone_fits_back(State const& state, Volume const& clone, Volume const& source) {
    if (!source.thin) return std::nullopt;
    SubSet const& changed = state.map.link_of(clone.as<role::Mirrorclone>()->link).changed;
    auto const mapped = [&](Volume const& volume, std::uint64_t chunk) {
        return state.map.member(*volume.map).tree.get(chunk).mapped();
    };
    std::uint64_t more = 0;
    for (auto at = changed.next(0); at; at = changed.next(*at + 1)) {
        bool const comes = (mapped(clone, *at) & changed.at(*at)) != no_sub_chunk;
        if (comes && mapped(source, *at) == no_sub_chunk) ++more;
    }
    return rule_parts::may_grow(state, source.group, 0, raw_bytes(more, source.vraid), source.name);
}

Verdict needs_mirrorclone(State const& state, std::string_view name) {
    if (auto refusal = known(state, name)) return refusal;
    VolumeId const id = *state.catalogue.volume_named(name);
    if (!state.licensed) return refuse(Rule::no_licence, name);
    auto const* const clone = state.catalogue.volumes.at(id).as<role::Mirrorclone>();
    if (clone == nullptr) return refuse(Rule::not_a_mirrorclone, name);
    // It is the link that remembers what of the source is lost.
    if (broken(state, clone->source)) return refuse(Rule::mirrorclone_source_broken, name);
    return std::nullopt;
}

}  // namespace

Verdict may(State const& state, command::AddSnapshot const& command) {
    if (auto refusal = copy_begins(state, command.name, command.source, command.container,
                                   command.vraid.has_value())) {
        return refusal;
    }
    VolumeId const source = *state.catalogue.volume_named(command.source);
    Volume const& from = state.catalogue.volumes.at(source);
    if (from.as<role::Snapshot>() != nullptr) {
        return refuse(Rule::snapshot_of_snapshot, command.source);
    }
    // arrays A4.12: while a clone is in progress no other copy of that source is made.
    if (normalizing(state, source) || !state.catalogue.snapclones_of(source).empty()) {
        return refuse(Rule::source_normalizing, command.source);
    }
    bool const hidden = from.as<role::Mirrorclone>() != nullptr &&
                        !std::holds_alternative<mirror::Fractured>(mirror_state(state, source));
    if (hidden) return refuse(Rule::mirrorclone_not_fractured, command.source);
    if (restoring(state, source)) return refuse(Rule::restore_in_progress, command.source);
    Vraid vraid = command.vraid.value_or(from.vraid);
    if (!command.container.empty()) {
        VolumeId const container = *state.catalogue.volume_named(command.container);
        Volume const& place = state.catalogue.volumes.at(container);
        if (command.demand) return refuse(Rule::container_demand, command.container);
        if (place.group != from.group) return refuse(Rule::container_group, command.container);
        vraid = place.vraid;
    }
    if (height(state.profile, vraid) > height(state.profile, from.vraid)) {
        return refuse(Rule::vraid_too_high, command.source);
    }
    for (VolumeId const other : state.catalogue.snapshots_of(source)) {
        Volume const& snapshot = state.catalogue.volumes.at(other);
        bool const alike =
            snapshot.as<role::Snapshot>()->demand == command.demand && snapshot.vraid == vraid;
        if (!alike) return refuse(Rule::mixed_snapshots, command.source);
    }
    if (auto refusal = snapshot_limits(state, command, source)) return refusal;
    return snapshot_fits(state, command, from, vraid);
}

Verdict may(State const& state, command::AddSnapclone const& command) {
    if (auto refusal = copy_begins(state, command.name, command.source, command.container,
                                   command.vraid || !command.group.empty())) {
        return refusal;
    }
    VolumeId const source = *state.catalogue.volume_named(command.source);
    Volume const& from = state.catalogue.volumes.at(source);
    if (from.as<role::Snapshot>() != nullptr) {
        return refuse(Rule::clone_of_snapshot, command.source);
    }
    if (from.as<role::Mirrorclone>() != nullptr) {
        return refuse(Rule::clone_of_mirrorclone, command.source);
    }
    if (!state.catalogue.snapshots_of(source).empty()) {
        return refuse(Rule::clone_source_has_snapshot, command.source);
    }
    if (!state.catalogue.mirrorclones_of(source).empty()) {
        return refuse(Rule::clone_source_has_mirrorclone, command.source);
    }
    if (normalizing(state, source) && !state.profile.snapclone_of_normalizing) {
        return refuse(Rule::source_normalizing, command.source);
    }
    if (broken(state, source)) return refuse(Rule::clone_broken, command.source);
    if (!state.catalogue.snapclones_of(source).empty()) {
        return refuse(Rule::one_snapclone_at_a_time, command.source);
    }
    return clone_fits(state, command);
}

Verdict may(State const& state, command::AddMirrorclone const& command) {
    if (auto refusal = copy_begins(state, command.name, command.source, command.container,
                                   command.vraid || !command.group.empty())) {
        return refusal;
    }
    if (state.profile.mirrorclones_per_source == 0) {
        return refuse(Rule::feature_missing, command.name);
    }
    VolumeId const source = *state.catalogue.volume_named(command.source);
    if (normalizing(state, source)) return refuse(Rule::source_normalizing, command.source);
    if (state.catalogue.volumes.at(source).as<role::Ordinary>() == nullptr) {
        return refuse(Rule::mirrorclone_of_copy, command.source);
    }
    if (!state.catalogue.snapclones_of(source).empty()) {
        return refuse(Rule::source_has_snapclone, command.source);
    }
    if (state.catalogue.mirrorclones_of(source).size() >= state.profile.mirrorclones_per_source) {
        return rule_parts::refuse(Rule::too_many_mirrorclones, command.source,
                                  fmt::format("{}", state.profile.mirrorclones_per_source));
    }
    return clone_fits(
        state, {command.name, command.source, command.group, command.vraid, command.container});
}

Verdict may(State const& state, command::AddMultisnap const& command) {
    if (command.copies.size() > state.profile.multisnap_volumes) {
        return rule_parts::refuse(Rule::too_many_in_multisnap, "multisnap",
                                  fmt::format("{} of at most {}", command.copies.size(),
                                              state.profile.multisnap_volumes));
    }
    std::set<std::string> sources;
    for (auto const& copy : command.copies) {
        auto const& source =
            std::visit([](auto const& one) -> auto const& { return one.source; }, copy);
        if (!sources.insert(source).second) return refuse(Rule::twice_in_multisnap, source);
    }
    return std::nullopt;
}

Verdict may(State const& state, command::RestoreSnapshot const& command) {
    if (auto refusal = known(state, command.volume)) return refusal;
    if (auto refusal = known(state, command.snapshot)) return refusal;
    if (!state.licensed) return refuse(Rule::no_licence, command.volume);
    if (!state.profile.instant_restore) return refuse(Rule::feature_missing, command.volume);
    VolumeId const id = *state.catalogue.volume_named(command.volume);
    Volume const& snapshot =
        state.catalogue.volumes.at(*state.catalogue.volume_named(command.snapshot));
    auto const* const role = snapshot.as<role::Snapshot>();
    if (role == nullptr || role->source != id) {
        return refuse(Rule::not_its_snapshot, command.snapshot);
    }
    if (role->invalid) return refuse(Rule::snapshot_invalid, command.snapshot);
    bool const hidden = state.catalogue.volumes.at(id).as<role::Mirrorclone>() != nullptr &&
                        !std::holds_alternative<mirror::Fractured>(mirror_state(state, id));
    if (hidden) return refuse(Rule::mirrorclone_not_fractured, command.volume);
    if (state.catalogue.groups.at(snapshot.group).failed) {
        return refuse(Rule::group_failed, command.snapshot);
    }
    if (state.catalogue.presented(id)) return refuse(Rule::is_presented, command.volume);
    if (restoring(state, id)) return refuse(Rule::restore_in_progress, command.volume);
    if (auto refusal = restore_fits(state, state.catalogue.volumes.at(id), snapshot)) {
        return refusal;
    }
    for (VolumeId const clone : state.catalogue.mirrorclones_of(id)) {
        if (!std::holds_alternative<mirror::Fractured>(mirror_state(state, clone))) {
            return refuse(Rule::mirrorclone_not_fractured, state.catalogue.volumes.at(clone).name);
        }
    }
    return std::nullopt;
}

Verdict may(State const& state, command::Fracture const& command) {
    if (auto refusal = needs_mirrorclone(state, command.mirrorclone)) return refusal;
    VolumeId const id = *state.catalogue.volume_named(command.mirrorclone);
    MirrorState const now = mirror_state(state, id);
    if (std::holds_alternative<mirror::Synchronized>(now)) return std::nullopt;
    bool const fractured = std::holds_alternative<mirror::Fractured>(now);
    return refuse(fractured ? Rule::mirrorclone_fractured : Rule::mirrorclone_not_synchronized,
                  command.mirrorclone);
}

Verdict may(State const& state, command::Resync const& command) {
    if (auto refusal = needs_mirrorclone(state, command.mirrorclone)) return refusal;
    VolumeId const id = *state.catalogue.volume_named(command.mirrorclone);
    Volume const& clone = state.catalogue.volumes.at(id);
    if (!std::holds_alternative<mirror::Fractured>(mirror_state(state, id))) {
        return refuse(Rule::mirrorclone_not_fractured, command.mirrorclone);
    }
    if (state.catalogue.presented(id)) {
        return refuse(Rule::mirrorclone_presented, command.mirrorclone);
    }
    VolumeId const source = clone.as<role::Mirrorclone>()->source;
    for (VolumeId const side : {id, source}) {
        Volume const& volume = state.catalogue.volumes.at(side);
        if (state.catalogue.groups.at(volume.group).failed) {
            return refuse(Rule::group_failed, volume.name);
        }
        if (restoring(state, side)) return refuse(Rule::restore_in_progress, volume.name);
    }
    return std::nullopt;
}

Verdict may(State const& state, command::RestoreMirrorclone const& command) {
    if (auto refusal = may(state, command::Resync{command.mirrorclone})) return refusal;
    VolumeId const id = *state.catalogue.volume_named(command.mirrorclone);
    Volume const& clone = state.catalogue.volumes.at(id);
    VolumeId const source = clone.as<role::Mirrorclone>()->source;
    return clone_fits_back(state, clone, state.catalogue.volumes.at(source));
}

Verdict may(State const& state, command::Detach const& command) {
    if (auto refusal = needs_mirrorclone(state, command.mirrorclone)) return refusal;
    VolumeId const id = *state.catalogue.volume_named(command.mirrorclone);
    if (!std::holds_alternative<mirror::Fractured>(mirror_state(state, id))) {
        return refuse(Rule::mirrorclone_not_fractured, command.mirrorclone);
    }
    return std::nullopt;
}

Verdict may(State const& state, command::Migrate const& command) {
    if (auto refusal = needs_mirrorclone(state, command.mirrorclone)) return refusal;
    VolumeId const id = *state.catalogue.volume_named(command.mirrorclone);
    Volume const& clone = state.catalogue.volumes.at(id);
    if (!std::holds_alternative<mirror::Synchronized>(mirror_state(state, id))) {
        return refuse(Rule::mirrorclone_not_synchronized, command.mirrorclone);
    }
    VolumeId const source = clone.as<role::Mirrorclone>()->source;
    for (VolumeId const side : {id, source}) {
        Volume const& volume = state.catalogue.volumes.at(side);
        if (state.catalogue.groups.at(volume.group).failed) {
            return refuse(Rule::group_failed, volume.name);
        }
        if (!state.catalogue.snapshots_of(side).empty()) {
            return refuse(Rule::source_has_snapshot, volume.name);
        }
    }
    return migration_fits(state, clone, state.catalogue.volumes.at(source));
}

}  // namespace sunder::emulator
