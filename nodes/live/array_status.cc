// SPDX-License-Identifier: BSD-3-Clause
//
// The keys under which the state of an array is told.
#include "nodes/live/array_status.h"

#include "nodes/live/array_words.h"

#include <boost/json.hpp>

namespace sunder::live {

namespace {

using namespace emulator;
namespace json = boost::json;

json::string text(std::string_view view) { return json::string(view); }

json::object in_json(State const& state, DiskGroupId id, DiskGroup const& group) {
    Capacity const capacity = capacity_of(state, id);
    return {{"name", group.name},
            {"state", group.failed ? "failed" : "good"},
            {"capacity_bytes", group.capacity.bytes},
            {"largest_drive_bytes", group.largest_drive.bytes},
            {"usable_bytes", capacity.total},
            {"used_bytes", capacity.used},
            {"free_bytes", capacity.free()},
            {"occupancy", text(name_of(occupancy_of(state, id)))},
            {"alarm_percent", group.alarm_percent},
            {"warning_percent", group.warning_percent},
            {"spare", text(name_of(group.spare))}};
}

/// What clients poll (arrays A6): whether it is made like another volume still, or shows already
/// what it is restored to and copies that, and how far it is.
void add_progress(json::object& into, State const& state, VolumeId id, Volume const& volume) {
    bool copies = normalizing(state, id);
    bool restores = volume.as<role::Container>() == nullptr && restoring(state, id);
    unsigned progress = progress_of(state, id);
    if (auto const* const mirrorclone = volume.as<role::Mirrorclone>()) {
        MirrorState const mirror = mirror_state(state, id);
        copies = std::holds_alternative<mirror::SyncInProgress>(mirror);
        restores = std::holds_alternative<mirror::RestoreInProgress>(mirror);
        // It is the source that lacks something.
        if (restores) progress = progress_of(state, mirrorclone->source);
    }
    into["normalizing"] = copies;
    into["restoring"] = restores;
    into["progress_percent"] = progress;
}

/// "snapshot" and what belongs to it.
void add_role(json::object& into, State const& state, VolumeId id, Volume const& volume) {
    auto const name = [&](VolumeId other) {
        auto const found = state.catalogue.volumes.find(other);
        return found == state.catalogue.volumes.end() ? json::value()
                                                      : json::value(found->second.name);
    };
    if (auto const* const snapshot = volume.as<role::Snapshot>()) {
        into["kind"] = "snapshot";
        into["source"] = name(snapshot->source);
        into["allocation"] = snapshot->demand ? "demand" : "full";
        into["valid"] = !snapshot->invalid;
    } else if (auto const* const clone = volume.as<role::Unsharing>()) {
        // It is listed as an ordinary volume, and says what it lacks (arrays A6, H11).
        into["kind"] = "volume";
        into["copied_from"] = name(clone->source);
    } else if (auto const* const mirrorclone = volume.as<role::Mirrorclone>()) {
        into["kind"] = "mirrorclone";
        into["source"] = name(mirrorclone->source);
        into["mirror"] = text(name_of(mirror_state(state, id)));
    } else if (auto const* const container = volume.as<role::Container>()) {
        into["kind"] = "container";
        if (container->prepared_for) into["prepared_for"] = name(*container->prepared_for);
    } else {
        into["kind"] = "volume";
    }
    into["broken"] = broken(state, id);
    add_progress(into, state, id, volume);
}

json::object in_json(State const& state, VolumeId id, Volume const& volume) {
    json::object made{{"name", volume.name},
                      {"group", state.catalogue.groups.at(volume.group).name},
                      {"size_bytes", volume.sectors * sector_bytes},
                      {"vraid", text(name_of(volume.vraid))},
                      {"thin", volume.thin},
                      {"write_protected", volume.write_protect},
                      {"failed", state.catalogue.groups.at(volume.group).failed},
                      {"cache", text(name_of(volume.cache))},
                      {"cache_requested", text(name_of(volume.cache_requested))}};
    std::uint64_t const chunks = volume.map ? state.map.member(*volume.map).mapped : 0;
    made["mapped_bytes"] = chunks * chunk_bytes;
    add_role(made, state, id, volume);
    return made;
}

}  // namespace

json::object in_json(State const& state) {
    json::array groups;
    for (auto const& [id, group] : state.catalogue.groups) {
        groups.push_back(in_json(state, id, group));
    }
    json::array volumes;
    for (auto const& [id, volume] : state.catalogue.volumes) {
        volumes.push_back(in_json(state, id, volume));
    }
    json::array hosts;
    for (auto const& [id, host] : state.catalogue.hosts) {
        json::array presented;
        for (auto const& [key, presentation] : state.catalogue.presentations) {
            if (key.first != id) continue;
            presented.push_back({{"lun", key.second},
                                 {"volume", state.catalogue.volumes.at(presentation.volume).name},
                                 {"access", text(name_of(presentation.access))}});
        }
        hosts.push_back({{"name", host.name}, {"presented", std::move(presented)}});
    }
    json::object switches;
    for (Switch const& one : switches_of(state.profile)) switches[one.name] = one.value;
    return {{"profile", text(state.profile.name)}, {"licensed", state.licensed},
            {"switches", std::move(switches)},     {"disk_groups", std::move(groups)},
            {"volumes", std::move(volumes)},       {"hosts", std::move(hosts)}};
}

json::array in_json(std::span<media::Fault const> faults, Catalogue const& catalogue) {
    json::array all;
    for (media::Fault const& fault : faults) {
        json::object one{{"name", fault.name},
                         {"kind", text(name_of(fault.kind))},
                         {"befell", fault.befell},
                         {"per_million", fault.per_million}};
        if (fault.volume) {
            auto const found = catalogue.volumes.find(*fault.volume);
            // Not on every one, as one of which nothing is said.
            bool const there = found != catalogue.volumes.end();
            if (there) one["volume"] = found->second.name;
            if (!there) one["volume_deleted"] = true;
        }
        if (fault.kind == media::FaultKind::error) one["error"] = text(name_of_error(fault.number));
        if (fault.on) one["on"] = text(name_of(*fault.on));
        if (fault.count) one["count"] = *fault.count;
        if (fault.range) {
            one["from_bytes"] = fault.range->first;
            one["length_bytes"] = fault.range->count;
        }
        if (!fault.while_file.empty()) one["while_file"] = fault.while_file;
        if (fault.time.ns != 0) one["time"] = to_text(fault.time);
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace sunder::live
