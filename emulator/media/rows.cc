// SPDX-License-Identifier: BSD-3-Clause
//
// Which rows a change of the array writes and deletes.
#include "emulator/media/catalogue_rows.h"
#include "emulator/media/keeper.h"
#include "emulator/media/map_rows.h"

namespace sunder::emulator::media {

std::string_view name_of(Table table) {
    switch (table) {
        case Table::meta:
            return "meta";
        case Table::disk_group:
            return "disk_group";
        case Table::volume:
            return "volume";
        case Table::host:
            return "host";
        case Table::presentation:
            return "presentation";
        case Table::leaving:
            return "leaving";
        case Table::map:
            return "map";
        case Table::node:
            return "node";
        case Table::link:
            return "link";
        case Table::link_page:
            return "link_page";
    }
    return "unknown";
}

namespace {

class Collector {
public:
    explicit Collector(State const& state) : state_(state) {}

    void catalogue() {
        Catalogue const& all = state_.catalogue;
        rows.whole_catalogue = true;
        for (auto const& [id, group] : all.groups) row(Table::disk_group, id.value, group);
        for (auto const& [id, volume] : all.volumes) row(Table::volume, id.value, volume);
        for (auto const& [id, host] : all.hosts) row(Table::host, id.value, host);
        for (auto const& [at, shown] : all.presentations) {
            row(Table::presentation, std::uint64_t{at.first.value} << 32 | at.second, shown);
        }
        for (auto const& [map, vraid] : state_.leaving) row(Table::leaving, map.value, vraid);
        meta(MetaRow::array, state_);
    }

    void map(MapChanges const& changes) {
        BlockMap const& map = state_.map;
        for (NodeId const id : changes.dropped) gone(Table::node, id, id);
        for (auto const& [id, at] : changes.written) {
            Node const* const node = map.member(at.map).tree.node(at.chunk, at.level);
            VERIFY(node != nullptr && node->id == id);
            add(Table::node, id, [&](Writer& into) { write_node(into, *node, at.level); });
        }
        for (MapId const id : changes.maps) {
            if (!map.has(id)) {
                gone(Table::map, id.value, id.value);
            } else {
                add(Table::map, id.value, [&](Writer& into) { write_map(into, map, id); });
            }
        }
        for (LinkId const id : changes.links) {
            auto const found = map.links().find(id);
            if (found == map.links().end()) {
                gone(Table::link, id.value, id.value);
            } else {
                add(Table::link, id.value, [&](Writer& into) { write_link(into, found->second); });
            }
        }
        sets(changes);
        if (!rows.empty() || changes.up_to != map.durable()) meta(MetaRow::map, map);
    }

    Rows rows;

private:
    void sets(MapChanges const& changes) {
        for (LinkId const id : changes.sets) {
            gone(Table::link_page, page_id(id, LinkSet::lacking, 0),
                 page_id(id, LinkSet::changed, 0x7fffffff));
            auto const found = state_.map.links().find(id);
            if (found == state_.map.links().end()) continue;
            for (std::uint64_t at = 0; at < found->second.lacking.pages(); ++at) {
                pages(id, found->second, at);
            }
        }
        for (auto const& [id, at] : changes.pages) {
            auto const found = state_.map.links().find(id);
            bool const written = changes.sets.contains(id);
            if (!written && found != state_.map.links().end()) pages(id, found->second, at);
        }
    }
    void pages(LinkId id, Link const& link, std::uint64_t at) {
        for (LinkSet const which : {LinkSet::lacking, LinkSet::changed}) {
            SubSet const& set = which == LinkSet::lacking ? link.lacking : link.changed;
            if (set.page(at) == nullptr) continue;
            add(Table::link_page, page_id(id, which, at),
                [&](Writer& into) { write_page(into, *set.page(at)); });
        }
    }
    template <class What>
    void row(Table table, std::uint64_t id, What const& what) {
        add(table, id, [&](Writer& into) { write(into, what); });
    }
    template <class What>
    void meta(MetaRow which, What const& what) {
        add(Table::meta, static_cast<std::uint64_t>(which),
            [&](Writer& into) { write_meta(into, what); });
    }
    template <class Write>
    void add(Table table, std::uint64_t id, Write&& write) {
        std::size_t const begin = rows.bytes.size();
        Writer into(rows.bytes);
        write(into);
        rows.written.push_back({table, id, begin, rows.bytes.size() - begin});
    }
    void gone(Table table, std::uint64_t first, std::uint64_t last) {
        rows.gone.push_back({table, first, last});
    }

    State const& state_;
};

}  // namespace

Rows rows_of(Array& array) {
    bool const catalogue = array.take_catalogue_changed();
    MapChanges const changes = array.take_changes();
    Collector collector(array.state());
    if (catalogue) collector.catalogue();
    collector.map(changes);
    collector.rows.up_to = changes.up_to;
    return std::move(collector.rows);
}

}  // namespace sunder::emulator::media
