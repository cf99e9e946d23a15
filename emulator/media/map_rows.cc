// SPDX-License-Identifier: BSD-3-Clause
//
// The encodings that are described in map_rows.h.
#include "emulator/media/map_rows.h"

#include <algorithm>

namespace sunder::emulator::media {

namespace {

constexpr std::uint8_t map_format = 1;
constexpr Slot most_slots = 0x7ffffffe;  // what a leaf can name
constexpr unsigned highest_level = 8;

bool map_begins_well(Reader& from) { return from.get<std::uint8_t>() == map_format; }

}  // namespace

void write_meta(Writer& into, BlockMap const& map) {
    into.put(map_format);
    into.put(map.last_name());
    into.put(map.last_node());
    into.put(map.commits());
}

bool read_meta(Reader& from, MapContents& into) {
    if (!map_begins_well(from)) return false;
    into.last_name = from.get<std::uint32_t>();
    into.last_node = from.get<std::uint64_t>();
    into.commits = from.get<std::uint64_t>();
    return from.complete();
}

void write_map(Writer& into, BlockMap const& map, MapId id) {
    BlockMap::Member const& member = map.member(id);
    into.put(map_format);
    into.put(member.family.value);
    into.put(map.family_of(id).group.value);
    into.put(member.sectors);
    into.put(member.tree.root ? member.tree.root->id : NodeId{0});
    into.put(member.shared_below);
    into.put(member.mapped);
    into.put(static_cast<std::uint8_t>(member.dropped.has_value()));
    into.put(member.dropped.value_or(0));
    into.put(member.released);
}

bool read_map(Reader& from, MapId id, MapContents& into) {
    if (!map_begins_well(from)) return false;
    MapContents::Map& map = into.maps[id];
    map.family.value = from.get<std::uint32_t>();
    map.group.value = from.get<std::uint16_t>();
    map.sectors = from.get<std::uint64_t>();
    map.root = from.get<std::uint64_t>();
    map.shared_below = from.get<std::uint64_t>();
    map.mapped = from.get<std::uint64_t>();
    bool const dropped = from.flag();
    auto const at = from.get<std::uint64_t>();
    if (dropped) map.dropped = at;
    map.released = from.get<std::uint64_t>();
    return from.complete();
}

namespace {

void write_leaf(Writer& into, Leaf const& leaf) {
    for (unsigned at = 0; at < fan_out;) {
        unsigned const first = at++;
        if (auto const slot = leaf.simple(first)) {
            while (at < fan_out && leaf.simple(at) == *slot + (at - first)) ++at;
            into.put(static_cast<std::uint8_t>(first));
            into.put(std::uint8_t{0});
            into.put(static_cast<std::uint8_t>(at - first - 1));
            into.put(*slot);
        } else if (!leaf.empty(first)) {
            Entry const entry = leaf.get(first);
            into.put(static_cast<std::uint8_t>(first));
            into.put(static_cast<std::uint8_t>(entry.size()));
            for (Layer const& layer : entry) {
                into.put(layer.slot);
                into.put(layer.mask);
            }
        }
    }
}

/// The layers of one chunk, in the order and without the overlaps that Entry demands.
Entry read_layers(Reader& from, unsigned count) {
    Entry entry;
    Mask all = no_sub_chunk;
    std::uint64_t next = 0;
    for (unsigned i = 0; i < count && count <= sub_chunks; ++i) {
        auto const slot = from.below<std::uint32_t>(most_slots);
        auto const mask = from.get<std::uint16_t>();
        if (slot < next || mask == no_sub_chunk || (mask & all) != 0) {
            from.fail();
            return {};
        }
        next = std::uint64_t{slot} + 1;
        all |= mask;
        entry.append({slot, mask});
    }
    if (count > sub_chunks) from.fail();
    return entry;
}

std::uint64_t read_leaf(Reader& from, Leaf& leaf) {
    std::uint64_t reach = 0;
    unsigned next = 0;
    while (from.more()) {
        unsigned const first = from.get<std::uint8_t>();
        unsigned const layers = from.get<std::uint8_t>();
        if (first < next) from.fail();
        next = first + 1;
        if (layers != 0) {
            Entry const entry = read_layers(from, layers);
            for (Layer const& layer : entry) {
                unsigned const last = 15U - static_cast<unsigned>(std::countl_zero(layer.mask));
                reach = std::max(reach, std::uint64_t{layer.slot} * sub_chunks + last + 1);
            }
            leaf.set(first, entry);
            continue;
        }
        unsigned const more = from.below<std::uint8_t>(fan_out - first);
        auto const slot = from.below<std::uint32_t>(most_slots - more);
        for (unsigned i = 0; i <= more; ++i) {
            Entry entry;
            entry.append({slot + i, whole_chunk});
            leaf.set(first + i, entry);
        }
        next += more;
        reach = std::max(reach, (std::uint64_t{slot} + more + 1) * sub_chunks);
    }
    return reach;
}

}  // namespace

void write_node(Writer& into, Node const& node, unsigned level) {
    into.put(map_format);
    into.put(static_cast<std::uint8_t>(level));
    if (level == 1) {
        write_leaf(into, static_cast<Leaf const&>(node));
        return;
    }
    auto const& children = static_cast<Inner const&>(node).children;
    for (unsigned at = 0; at < fan_out; ++at) {
        if (!children[at]) continue;
        into.put(static_cast<std::uint8_t>(at));
        into.put(children[at]->id);
    }
}

std::optional<LeafReach> read_node(Reader& from, NodeId id, MapContents& into) {
    if (!map_begins_well(from)) return std::nullopt;
    unsigned const level = from.get<std::uint8_t>();
    if (level == 0 || level > highest_level) return std::nullopt;
    LeafReach reach;
    if (level == 1) {
        NodePtr made(new Leaf);
        made->id = id;
        reach.sub_chunks = read_leaf(from, static_cast<Leaf&>(*made));
        into.leaves.emplace_hint(into.leaves.end(), id, std::move(made));
    } else {
        MapContents::Branch branch{level, {}};
        while (from.more()) {
            auto const at = from.get<std::uint8_t>();
            auto const child = from.get<std::uint64_t>();
            bool const ordered = branch.children.empty() || branch.children.back().first < at;
            if (!ordered || child == 0) from.fail();
            branch.children.emplace_back(at, child);
        }
        into.branches.emplace_hint(into.branches.end(), id, std::move(branch));
    }
    if (!from.complete()) return std::nullopt;
    return reach;
}

void write_link(Writer& into, Link const& link) {
    into.put(map_format);
    into.put(link.ahead.value);
    into.put(link.behind.value);
    std::uint8_t mode = 0;
    switch (link.mode) {  // numbers of the format
        case LinkMode::push:
            mode = 0;
            break;
        case LinkMode::follow:
            mode = 1;
            break;
        case LinkMode::apart:
            mode = 2;
            break;
        case LinkMode::come_back:
            mode = 3;
            break;
    }
    into.put(mode);
    into.put(link.lacking.size());
    into.put(static_cast<std::uint8_t>(link.lacking.full()));
    into.put(static_cast<std::uint8_t>(link.changed.full()));
    for (auto const& [region, intent] : link.intents) into.put(region);
}

bool read_link(Reader& from, LinkId id, MapContents& into) {
    if (!map_begins_well(from)) return false;
    constexpr LinkMode modes[] = {LinkMode::push, LinkMode::follow, LinkMode::apart,
                                  LinkMode::come_back};
    Link link;
    link.ahead.value = from.get<std::uint32_t>();
    link.behind.value = from.get<std::uint32_t>();
    link.mode = modes[from.below<std::uint8_t>(4)];
    auto const chunks = from.get<std::uint64_t>();
    if (chunks > std::uint64_t{1} << 39) return false;  // page numbers have 31 bits
    bool const lacking = from.flag();
    link.lacking = SubSet(chunks, lacking);
    link.changed = SubSet(chunks, from.flag());
    while (from.more()) link.intents[from.get<std::uint64_t>()] = {};
    into.links.insert_or_assign(id, std::move(link));
    return from.complete();
}

void write_page(Writer& into, SubSet::Page const& page) {
    into.put(map_format);
    bool const even = std::all_of(page.begin(), page.end(), [&](Mask m) { return m == page[0]; });
    into.put(static_cast<std::uint8_t>(even ? 0 : 1));
    for (Mask const mask : std::span(page).first(even ? 1 : page.size())) into.put(mask);
}

bool read_page(Reader& from, std::uint64_t id, MapContents& into) {
    if (!map_begins_well(from)) return false;
    auto const link = into.links.find(LinkId{static_cast<std::uint32_t>(id >> 32)});
    if (link == into.links.end()) return false;
    bool const changed = (id >> 31 & 1) != 0;
    SubSet& set = changed ? link->second.changed : link->second.lacking;
    std::uint64_t const number = id & 0x7fffffff;
    if (number >= set.pages()) return false;
    SubSet::Page page;
    if (from.below<std::uint8_t>(2) == 0) {
        page.fill(from.get<std::uint16_t>());
    } else {
        for (Mask& mask : page) mask = from.get<std::uint16_t>();
    }
    set.set_page(number, page);
    return from.complete();
}

}  // namespace sunder::emulator::media
