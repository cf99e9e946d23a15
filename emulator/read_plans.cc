// SPDX-License-Identifier: BSD-3-Clause
//
// Where the data of a read lies: in the map's own slots, or, where a clone lacks something, in
// those of what it is copied from.
#include "emulator/block_map.h"

namespace sunder::emulator {

Mask BlockMap::lacking(MapId map, std::uint64_t chunk) const {
    auto const& link = member(map).behind;
    return link ? link_of(*link).lacking.at(chunk) : no_sub_chunk;
}

void BlockMap::resolve(MapId map, std::uint64_t chunk, Mask wanted, Sources& into) const {
    Member const& own = member(map);
    if (wanted == no_sub_chunk || chunk >= own.chunks()) return;
    Mask const lacks = lacking(map, chunk);
    for (Layer const& layer : own.tree.get(chunk)) {
        auto const mask = static_cast<Mask>(without(layer.mask, lacks) & wanted);
        if (mask != no_sub_chunk) into.push_back({family_of(map).group, layer.slot, mask});
    }
    if (lacks != no_sub_chunk) resolve(link_of(*own.behind).ahead, chunk, lacks & wanted, into);
}

std::vector<Segment> BlockMap::plan_read(MapId map, Extent range) const {
    VERIFY(range.end() <= member(map).sectors);
    std::vector<Segment> segments;
    auto const add = [&](Extent part, std::optional<Segment::At> at) {
        if (!segments.empty()) {
            Segment& last = segments.back();
            bool const goes_on = last.at && at
                                     ? last.at->group == at->group &&
                                           last.at->sector + last.volume.count == at->sector
                                     : !last.at && !at;
            if (goes_on) {
                last.volume.count += part.count;
                return;
            }
        }
        segments.push_back({part, at});
    };
    while (range.count != 0) {
        Extent const part = first_chunk_of(range);
        range = {part.end(), range.count - part.count};
        Sources sources;
        resolve(map, chunk_of(part.first), touched_by(part), sources);
        if (sources.empty()) {
            add(part, std::nullopt);
            continue;
        }
        for (std::uint64_t sector = part.first; sector < part.end();) {
            std::uint64_t const in_chunk = sector % chunk_sectors;
            auto const sub = static_cast<unsigned>(in_chunk / sub_chunk_sectors);
            std::uint64_t const count =
                std::min(sub_chunk_sectors - in_chunk % sub_chunk_sectors, part.end() - sector);
            std::optional<Segment::At> at;
            for (Shared const& source : sources) {
                if ((source.mask & bit(sub)) != 0) {
                    at = {source.group, source.slot * chunk_sectors + in_chunk};
                }
            }
            add({sector, count}, at);
            sector += count;
        }
    }
    return segments;
}

}  // namespace sunder::emulator
