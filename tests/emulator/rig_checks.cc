// SPDX-License-Identifier: BSD-3-Clause
//
// What a host finds, held against the model; and what each act of a random run does.
#include "tests/emulator/rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sunder::emulator::test {

namespace {

/// The content of a sector; nothing: another sector's, or nobody's.
std::optional<std::uint64_t> id_at(Medium& medium, Segment const& segment, std::uint64_t sector) {
    if (!segment.at) return 0;
    ValueStore::Sector const found =
        medium.read(segment.at->group, segment.at->sector + (sector - segment.volume.first));
    if (found == ValueStore::garbage) return std::nullopt;
    if (found.id != 0 && found.offset != sector) return std::nullopt;
    return found.id;
}

}  // namespace

void Rig::compare_volume(VolumeId volume, Extent range) {
    State const& state = array.state();
    Volume const& what = state.catalogue.volumes.at(volume);
    Row const& row = rows_.at(volume);
    while (range.count != 0) {
        Extent const one = first_chunk_of(range);
        range = {one.end(), range.count - one.count};
        auto const segments = array.plan_read(volume, one);
        if (!segments) {
            bool const lost = segments.error() == IoRule::medium_error && broken(state, volume) &&
                              state.map.lacking(*what.map, chunk_of(one.first)) != no_sub_chunk;
            if (lost) {
                ++befell.times["read what was lost"];
            } else {
                complain(fmt::format("{} cannot be read at {}: {}", what.name, one.first,
                                     name_of(segments.error())));
            }
            continue;
        }
        std::uint64_t next = one.first;
        for (Segment const& segment : *segments) {
            if (segment.volume.first != next) complain("segments with a gap");
            next = segment.volume.end();
            for (std::uint64_t sector = segment.volume.first; sector < next; ++sector) {
                bool const open = open_ && open_->volume == volume &&
                                  sector >= open_->range.first && sector < open_->range.end();
                auto const found = id_at(*medium, segment, sector);
                Cell const& cell = row[sector];
                if (found == cell.now || (open && found == open_->id)) continue;
                if (std::find(cell.also.begin(), cell.also.end(), found) != cell.also.end() &&
                    open) {
                    continue;
                }
                complain(fmt::format(
                    "{} sector {} (chunk {}, sub-chunk {}) holds {}, not {}", what.name, sector,
                    chunk_of(sector), sector % chunk_sectors / sub_chunk_sectors,
                    found ? fmt::format("{}", *found) : "what belongs elsewhere", cell.now));
                return;
            }
        }
        if (next != one.end()) complain("segments end too early");
    }
}

/// arrays A10: a written snapshot takes nobody with it; of a source's, those that share its place.
void Rig::no_more_than_need_be(Overflow const& full, VolumeId written, std::uint64_t chunk) {
    Catalogue const& catalogue = array.state().catalogue;
    bool const alone = catalogue.volumes.at(written).as<role::Snapshot>() != nullptr;
    if (alone) ++befell.times["a written snapshot invalidated"];
    if (alone && full.snapshots != std::vector{written}) {
        complain("others than the snapshot that was written are to be invalidated");
    }
    auto const slots_of = [&](VolumeId id) {
        Volume const& volume = catalogue.volumes.at(id);
        std::uint64_t const first = chunk * chunk_sectors;
        std::set<std::uint64_t> slots;
        for (Segment const& segment : array.state().map.plan_read(
                 *volume.map, {first, std::min(chunk_sectors, volume.sectors - first)})) {
            if (segment.at) slots.insert(segment.at->sector / chunk_sectors);
        }
        return slots;
    };
    for (VolumeId const snapshot : full.snapshots) {
        VolumeId const source = catalogue.volumes.at(snapshot).as<role::Snapshot>()->source;
        std::set<std::uint64_t> const of_source = slots_of(source);
        bool const shares = std::ranges::any_of(
            slots_of(snapshot), [&](std::uint64_t slot) { return of_source.contains(slot); });
        if (!shares && !alone) complain("a snapshot that need not grow is to be invalidated");
    }
}

bool Rig::has_the_volumes() {
    for (auto const& [volume, row] : rows_) {
        auto const found = array.state().catalogue.volumes.find(volume);
        bool const fits = found != array.state().catalogue.volumes.end() &&
                          found->second.sectors == row.size() && found->second.map;
        if (!fits) complain(fmt::format("volume {} is not as it was", volume.value));
        if (!fits) return false;
    }
    for (auto const& [id, volume] : array.state().catalogue.volumes) {
        if (rows_.contains(id) || array.refuses(id, false)) continue;
        complain(fmt::format("{} can be read, and should not be", volume.name));
        return false;
    }
    return true;
}

void Rig::after_power_cut() {
    if (!has_the_volumes()) return;
    for (auto& [volume, row] : rows_) {
        for (std::uint64_t sector = 0; sector < row.size(); ++sector) {
            Cell& cell = row[sector];
            if (cell.also.empty()) continue;
            auto const segments = array.plan_read(volume, {sector, 1});
            // Of a broken copy: compare() sees whether it may be lost.
            if (!segments) continue;
            auto const found = id_at(*medium, segments->front(), sector);
            bool const allowed =
                found && (*found == cell.now ||
                          std::find(cell.also.begin(), cell.also.end(), *found) != cell.also.end());
            if (!allowed) {
                complain(fmt::format("after a power cut {} sector {} holds {}",
                                     array.state().catalogue.volumes.at(volume).name, sector,
                                     found ? fmt::format("{}", *found) : "nobody's"));
                return;
            }
            cell.now = *found;
            cell.also.clear();
        }
    }
    compare(false);
}

void Rig::compare(bool all) {
    // The first complaint stays; after it volumes may be missing.
    if (!wrong_.empty()) return;
    for (auto const& [volume, row] : rows_) {
        std::uint64_t const hot = 5 * chunk_sectors;
        if (all || row.size() <= 2 * hot) {
            compare_volume(volume, {0, row.size()});
            continue;
        }
        compare_volume(volume, {0, hot});
        std::uint64_t const border = (fan_out - 2) * chunk_sectors;
        if (row.size() > border) {
            compare_volume(volume, {border, std::min(row.size() - border, hot)});
        }
    }
}

std::string Rig::mirrorclone_at(std::uint16_t number) const {
    std::vector<std::string> names;
    for (auto const& [id, volume] : array.state().catalogue.volumes) {
        if (volume.as<role::Mirrorclone>() != nullptr) names.push_back(volume.name);
    }
    return names.empty() ? "nobody" : names[number % names.size()];
}

Command Rig::command_of(Act const& act, unsigned kind) const {
    std::string const fresh = fmt::format("n{}", last_name_);
    bool const of_mirror = kind >= 11 && kind <= 15;
    std::string const name = of_mirror ? mirrorclone_at(act.a) : name_at(act.a);
    std::string const group = act.c % 2 == 0 ? "one" : "two";
    auto const container = [&] { return act.c % 3 == 0 ? name_at(act.b) : std::string(); };
    // A container has a disk group of its own; now and then one is said nevertheless.
    auto const beside = [&](std::string const& place) {
        return place.empty() || act.b % 16 == 0 ? group : std::string();
    };
    auto const vraid = static_cast<Vraid>(act.b % 4);
    std::uint64_t sectors = 128;
    if (auto const volume = pick(act.a)) {
        // Not of what fills a group: the model's rows would be as long.
        Volume const& like = array.state().catalogue.volumes.at(*volume);
        if (like.as<role::Container>() == nullptr) sectors = like.sectors;
    }
    switch (kind) {
        case 0:
            return command::AddVolume{
                fresh, group, {sectors * sector_bytes}, vraid, act.b / 4 % 4 != 0};
        case 1:
            return command::ExpandVolume{name, {(sectors + 1 + act.b % 300) * sector_bytes}};
        case 2:
            return command::DeleteVolume{name};
        case 3:
            return command::AddContainer{fresh, group, {sectors * sector_bytes}, vraid};
        case 4:
            return command::ChangeIntoContainer{name};
        case 5:
            return command::Prepare{name, name_at(act.b)};
        case 6:
            return command::AddSnapshot{fresh, name, act.c % 4 != 3, {}, container()};
        case 7:
            return command::AddSnapshot{fresh, name, act.c % 4 == 3, vraid};
        case 8:
            return command::AddSnapclone{fresh, name, beside(container()), {}, container()};
        case 9:
            return command::AddMirrorclone{fresh, name, beside(container()), {}, container()};
        case 10:
            return command::RestoreSnapshot{name, name_at(act.b)};
        case 11:
            return command::Fracture{name};
        case 12:
            return command::Resync{name};
        case 13:
            return command::RestoreMirrorclone{name};
        case 14:
            return command::Detach{name};
        case 15:
            return command::Migrate{name};
        case 16:
            return command::AddMultisnap{{command::AddSnapshot{fresh + "a", name, true},
                                          command::AddSnapclone{fresh + "b", name_at(act.b)}}};
    }
    VERIFY(false);
}

/// Nothing is left but what others have reserved: who takes more than that is found out. By a
/// container, which has no content to be compared.
void Rig::fill(std::string const& group) {
    State const& state = array.state();
    // A quarter of a chunk, which some Vraid leaves, is nobody's.
    std::uint64_t const chunks =
        capacity_of(state, *state.catalogue.group_named(group)).free() / chunk_bytes;
    std::string const name = fmt::format("n{}", last_name_);
    auto const filled =
        command(command::AddContainer{name, group, {chunks * chunk_bytes}, Vraid::vraid0});
    if (filled) ++befell.times["filled a group"];
}

void Rig::act(Act const& act) {
    if (!wrong_.empty()) return;
    unsigned const kind = act.kind % kinds_of_acts;
    auto const volume = pick(act.a);
    ++last_name_;
    if (kind <= 16) {
        // Groups fail seldom, or nothing would be left.
        if (kind == 4 && act.b % 8 == 0) {
            static_cast<void>(command(command::FailDiskGroup{act.c % 2 == 0 ? "one" : "two"}));
        } else {
            static_cast<void>(command(command_of(act, kind)));
        }
    } else if (kind == 17) {
        flush();
    } else if (kind == 18) {
        power_cut(act.a);
    } else if (kind == 19) {
        for (unsigned steps = 1 + act.a % 8; steps > 0 && step(); --steps) {
        }
    } else if (kind == 34 || kind == 35) {
        fill(act.c % 2 == 0 ? "one" : "two");
    } else if (volume && rows_.contains(*volume)) {
        Extent const range = range_of(*volume, act.b, act.c);
        if (kind == 20 || kind == 32 || kind == 33 || kind == 36) {
            static_cast<void>(write(*volume, range, true));
        } else if (kind == 21) {
            write_halfway(*volume, range, act.a);
        } else if (kind == 22) {
            open_write(*volume, range);
        } else {
            static_cast<void>(write(*volume, range));
        }
    }
    compare(false);
    audit();
}

}  // namespace sunder::emulator::test
