// SPDX-License-Identifier: BSD-3-Clause
//
// Requests of hosts and work behind the scenes: who may, whether there is room, and what the map
// says to it.
#include "emulator/array.h"

#include "emulator/mutant.h"

namespace sunder::emulator {

std::optional<IoRule> Array::refuses(VolumeId id, bool write) const {
    auto const found = state_.catalogue.volumes.find(id);
    if (found == state_.catalogue.volumes.end()) return IoRule::no_such_volume;
    Volume const& volume = found->second;
    if (volume.as<role::Container>() != nullptr) return IoRule::not_accessible;
    if (!volume.map) return IoRule::snapshot_invalid;
    bool const hidden = volume.as<role::Mirrorclone>() != nullptr &&
                        !std::holds_alternative<mirror::Fractured>(mirror_state(state_, id));
    if (hidden) return IoRule::not_accessible;
    if (write && volume.write_protect) return IoRule::read_only;
    if (state_.catalogue.groups.at(volume.group).failed) return IoRule::medium_error;
    return std::nullopt;
}

std::expected<Segments, IoRule> Array::plan_read(VolumeId id, Extent range) const {
    if (auto const refusal = refuses(id, false)) return std::unexpected(*refusal);
    Volume const& volume = state_.catalogue.volumes.at(id);
    if (range.count > volume.sectors || range.first > volume.sectors - range.count) {
        return std::unexpected(IoRule::out_of_range);
    }
    auto segments = state_.map.plan_read(*volume.map, range);
    for (Segment const& segment : segments) {
        if (segment.at && state_.catalogue.groups.at(segment.at->group).failed) {
            return std::unexpected(IoRule::medium_error);
        }
    }
    // Of what a copy lacks in a failed group nobody knows whether it was zeroes.
    if (!broken(state_, id)) return segments;
    for (std::uint64_t sector = range.first; sector < range.end();) {
        Extent const part = first_chunk_of({sector, range.end() - sector});
        if ((state_.map.lacking(*volume.map, chunk_of(sector)) & touched_by(part)) != 0) {
            return std::unexpected(IoRule::medium_error);
        }
        sector = part.end();
    }
    return segments;
}

bool Array::writes_in_place(VolumeId id, Extent range, Segments& into) const {
    if (refuses(id, true)) return false;
    Volume const& volume = state_.catalogue.volumes.at(id);
    if (range.count > volume.sectors || range.first > volume.sectors - range.count) return false;
    return state_.map.writes_in_place(*volume.map, range, into);
}

WritePlan Array::plan_write(VolumeId id, Extent range, bool zeroes) {
    if (auto const refusal = refuses(id, true)) return *refusal;
    Volume const& volume = state_.catalogue.volumes.at(id);
    if (range.count > volume.sectors || range.first > volume.sectors - range.count) {
        return IoRule::out_of_range;
    }
    if (broken(state_, id)) {
        // The rest of a sub-chunk that is written in part would be lost, and not look it.
        Mask const partly = without(touched_by(range), covered_by(range, volume.sectors));
        if ((state_.map.lacking(*volume.map, chunk_of(range.first)) & partly) != 0) {
            return IoRule::medium_error;
        }
    }
    auto const allowed = [&](MapId map, bool claim) { return allows(map, claim); };
    Planned planned = state_.map.plan_write(*volume.map, range, zeroes, allowed);
    if (auto* const plan = std::get_if<Plan>(&planned)) {
        if (!reaches_failed(*plan)) return std::move(*plan);
        state_.map.abandon(*plan);
        return IoRule::medium_error;
    }
    if (auto* const first = std::get_if<First>(&planned)) return std::move(*first);
    if (auto const* const durable = std::get_if<MakeDurable>(&planned)) return *durable;
    return no_room(std::get<NoSpace>(planned));
}

Extent Array::without_unmapped(VolumeId id, Extent range) const {
    if (refuses(id, true)) return range;
    Volume const& volume = state_.catalogue.volumes.at(id);
    if (range.count == 0 || range.count > volume.sectors ||
        range.first > volume.sectors - range.count) {
        return range;
    }
    std::uint64_t const chunk =
        state_.map.next_to_zero(*volume.map, chunk_of(range.first), chunk_of(range.end() - 1) + 1);
    std::uint64_t const first = std::clamp(chunk * chunk_sectors, range.first, range.end());
    return {first, range.end() - first};
}

bool Array::reaches_failed(Plan const& plan) const {
    auto const failed = [&](DiskGroupId group) { return state_.catalogue.groups.at(group).failed; };
    for (Copy const& copy : plan.copies) {
        if (failed(copy.to.group) || (copy.from && failed(copy.from->group))) return true;
    }
    return std::any_of(plan.puts.begin(), plan.puts.end(),
                       [&](Put const& put) { return failed(put.group); });
}

std::optional<Plan> Array::release_first(MapId map) const {
    auto const& members = state_.map.family_of(map).members;
    for (auto other = members.rbegin(); other != members.rend(); ++other) {
        auto const& dropped = state_.map.member(*other).dropped;
        if (!dropped || *dropped > state_.map.durable()) continue;
        Plan plan;
        plan.map = *other;
        plan.release = true;
        return plan;
    }
    return std::nullopt;
}

/// A snapshot that is written needs room itself. A source that is written leaves what it had to
/// whoever shares it: those need room, and not a snapshot that has the chunk elsewhere.
std::vector<VolumeId> Array::to_grow(NoSpace const& what) const {
    auto const grows = [&](VolumeId id) {
        auto const* const role = state_.catalogue.volumes.at(id).as<role::Snapshot>();
        return role != nullptr && role->demand && !role->invalid;
    };
    VolumeId const writer = state_.owners.at(what.map);
    if (grows(writer)) return {writer};
    std::vector<VolumeId> all;
    for (MapId const map : state_.map.sharers(what.map, what.chunk, what.mask)) {
        VolumeId const id = state_.owners.at(map);
        if (grows(id)) all.push_back(id);
    }
    return all;
}

WritePlan Array::no_room(NoSpace const& what) {
    // What deleted copies still have comes first.
    if (auto release = release_first(what.map)) return First{std::move(*release)};
    if (what.claim) return IoRule::group_full;
    // There may be room where something was until now.
    if (what.guarded) return MakeDurable{state_.map.commits()};
    switch (state_.profile.overcommit) {
        case Overcommit::fail_writes:
            return IoRule::copies_full;
        case Overcommit::invalidate_snapshots: {
            auto snapshots = to_grow(what);
            if (snapshots.empty()) return IoRule::copies_full;
            return Overflow{std::move(snapshots), state_.map.family_of(what.map).line};
        }
    }
    VERIFY(false);
}

bool Array::allows(MapId map, bool claim) {
    Volume const& volume = state_.catalogue.volumes.at(state_.owners.at(map));
    if (claim) return !volume.thin || takes(volume.group, raw_bytes(1, volume.vraid));
    BlockMap::Family const& family = state_.map.family_of(map);
    if (growth_of(state_, family) < reserved_growth(state_, family)) return true;
    return takes(volume.group, raw_bytes(1, growth_vraid(state_, family)));
}

bool Array::takes(DiskGroupId group, std::uint64_t raw) {
    if (mutant(Mutant::growth_uncounted)) return true;
    auto const [room, made] = room_.try_emplace(group, 0);
    if (room->second < raw) room->second = capacity_of(state_, group).free();
    if (room->second < raw) return false;
    room->second -= raw;
    return true;
}

std::optional<BackgroundStep> Array::next_background_step() {
    if (auto plan = state_.map.plan_release()) return std::move(*plan);
    auto const& links = state_.map.links();
    auto next = links.upper_bound(last_filled_);
    for (std::size_t left = links.size(); left > 0; --left, ++next) {
        if (next == links.end()) next = links.begin();
        auto const& [id, link] = *next;
        LineId const line = state_.map.family_of(link.ahead).line;
        if (link.mode == LinkMode::apart) continue;
        if (link.lacking.empty()) {
            if (link.mode == LinkMode::follow) continue;
            last_filled_ = id;
            return Conclude{id, line};
        }
        auto const failed = [&](MapId map) {
            return state_.catalogue.groups.at(state_.map.family_of(map).group).failed;
        };
        if (failed(link.ahead) || failed(link.behind)) continue;
        last_filled_ = id;
        auto planned =
            state_.map.plan_fill(id, [&](MapId map, bool claim) { return allows(map, claim); });
        VERIFY(planned);
        if (auto* const plan = std::get_if<Plan>(&*planned)) {
            if (!reaches_failed(*plan)) return std::move(*plan);
            state_.map.abandon(*plan);
            continue;
        }
        if (auto const* const durable = std::get_if<MakeDurable>(&*planned)) return *durable;
        // Snapshots of the one behind would have to grow.
        WritePlan const room = no_room(std::get<NoSpace>(*planned));
        if (auto const* const durable = std::get_if<MakeDurable>(&room)) return *durable;
        if (auto const* const overflow = std::get_if<Overflow>(&room)) return *overflow;
    }
    return std::nullopt;
}

}  // namespace sunder::emulator
