// SPDX-License-Identifier: BSD-3-Clause
//
// Whether a catalogue and a map that a store kept belong to each other.
#include "emulator/array.h"
#include "emulator/map_contents.h"
#include "emulator/names.h"

#include <fmt/format.h>

#include <set>
#include <string_view>

namespace sunder::emulator {

namespace {

/// What is wrong with one volume; nothing.
std::optional<std::string> fault_of(State const& state, Volume const& volume) {
    if (!state.catalogue.groups.contains(volume.group)) return "its disk group is missing";
    auto const linked = [&](LinkId link) { return state.map.links().contains(link); };
    if (auto const* const clone = volume.as<role::Unsharing>()) {
        if (!linked(clone->link)) return "the link to its source is missing";
    }
    if (auto const* const mirror = volume.as<role::Mirrorclone>()) {
        if (!linked(mirror->link)) return "the link to its source is missing";
        if (state.map.link_of(mirror->link).mode == LinkMode::push)
            return "its link is no mirror's";
    }
    if (!volume.map) {
        auto const* const snapshot = volume.as<role::Snapshot>();
        bool const without =
            volume.as<role::Container>() != nullptr || (snapshot != nullptr && snapshot->invalid);
        if (!without) return "it has no map";
        return std::nullopt;
    }
    if (!state.map.has(*volume.map)) return fmt::format("map {} is missing", volume.map->value);
    BlockMap::Member const& member = state.map.member(*volume.map);
    if (member.dropped) return fmt::format("map {} was dropped", volume.map->value);
    bool const fits =
        member.sectors == volume.sectors && state.map.family_of(*volume.map).group == volume.group;
    if (!fits) return fmt::format("map {} is not of its size and group", volume.map->value);
    return std::nullopt;
}

}  // namespace

std::expected<Array, Unsound> Array::load(State state) {
    Catalogue const& catalogue = state.catalogue;
    state.owners.clear();
    auto const fault = [](char const* kind, std::uint64_t id, std::string words) {
        return std::unexpected(Unsound{fmt::format("{} {}", kind, id), std::move(words)});
    };
    std::set<std::string_view> names;
    for (auto const& [id, volume] : catalogue.volumes) {
        if (!is_good_name(volume.name))
            return fault("volume", id.value, "no volume has such a name");
        if (!names.insert(volume.name).second) {
            return fault("volume", id.value, "another volume has its name, too");
        }
        if (auto words = fault_of(state, volume)) return fault("volume", id.value, *words);
        if (id.value > catalogue.last_id) return fault("volume", id.value, "its id is too high");
        if (!volume.map) continue;
        if (!state.owners.try_emplace(*volume.map, id).second) {
            return fault("volume", id.value, "its map is another volume's, too");
        }
    }
    for (auto const& [at, shown] : catalogue.presentations) {
        if (!catalogue.hosts.contains(at.first) || !catalogue.volumes.contains(shown.volume)) {
            return fault("presentation to host", at.first.value, "host or volume is missing");
        }
    }
    for (auto const& [id, group] : catalogue.groups) {
        if (id.value > catalogue.last_id)
            return fault("disk_group", id.value, "its id is too high");
    }
    for (auto const& [id, family] : state.map.families()) {
        if (!catalogue.groups.contains(family.group)) {
            return fault("family", id.value, "its disk group is missing");
        }
        for (MapId const map : family.members) {
            if (state.map.member(map).dropped || state.owners.contains(map)) continue;
            return fault("map", map.value, "no volume has it, and nobody dropped it");
        }
    }
    Array made(state.profile, state.licensed);
    made.state_ = std::move(state);
    return made;
}

}  // namespace sunder::emulator
