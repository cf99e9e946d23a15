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

Segments BlockMap::plan_read(MapId map, Extent range) const {
    VERIFY(range.end() <= member(map).sectors);
    Segments segments;
    while (range.count != 0) {
        Extent const part = first_chunk_of(range);
        range = {part.end(), range.count - part.count};
        Sources sources;
        resolve(map, chunk_of(part.first), touched_by(part), sources);
        if (sources.empty()) {
            append(segments, part, std::nullopt);
        } else {
            lay(part, sources, segments);
        }
    }
    return segments;
}

void BlockMap::lay(Extent part, Sources const& sources, Segments& into) {
    std::uint64_t const first = part.first % chunk_sectors;
    if (sources.size() == 1 && without(touched_by(part), sources.front().mask) == no_sub_chunk) {
        Shared const& only = sources.front();
        append(into, part, Segment::At{only.group, only.slot * chunk_sectors + first});
        return;
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
        append(into, {sector, count}, at);
        sector += count;
    }
}

}  // namespace sunder::emulator
