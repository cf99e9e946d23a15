// SPDX-License-Identifier: BSD-3-Clause
//
// The commands of the block map: how maps, families and links come, change and go.
#include "emulator/block_map.h"

namespace sunder::emulator {

std::string_view name_of(LinkMode mode) {
    switch (mode) {
        case LinkMode::push:
            return "push";
        case LinkMode::follow:
            return "follow";
        case LinkMode::apart:
            return "apart";
        case LinkMode::come_back:
            return "come_back";
    }
    return "unknown";
}

BlockMap::Member const& BlockMap::member(MapId map) const {
    auto const found = members_.find(map);
    VERIFY(found != members_.end());
    return found->second;
}
BlockMap::Member& BlockMap::member_of(MapId map) {
    auto const found = members_.find(map);
    VERIFY(found != members_.end());
    return found->second;
}
BlockMap::Family const& BlockMap::family_of(MapId map) const {
    return families_.at(member(map).family);
}
Link const& BlockMap::link_of(LinkId link) const {
    auto const found = links_.find(link);
    VERIFY(found != links_.end());
    return found->second;
}
Link& BlockMap::mirror(LinkId link, LinkMode mode) {
    auto const found = links_.find(link);
    VERIFY(found != links_.end() && found->second.mode == mode);
    note_link(link);
    new_era(family_of(found->second.ahead).line);
    static_cast<void>(change());
    return found->second;
}

Commit BlockMap::change() {
    ++commits_;
    VERIFY(commits_ != std::numeric_limits<Commit>::max());
    return commits_;
}

void BlockMap::new_era(LineId line) { ++eras_[line]; }

LineId BlockMap::own_line(FamilyId family) {
    LineId const line{++last_name_};
    families_.at(family).line = line;
    eras_[line] = 0;
    return line;
}

MapId BlockMap::create(DiskGroupId group, std::uint64_t sectors) {
    VERIFY(sectors > 0);
    FamilyId const family{++last_name_};
    MapId const map{++last_name_};
    families_[family] = Family{group, {}, {map}, 0};
    own_line(family);
    slots_[group].keep_holes(keep_holes_);
    Member& made = members_[map];
    made.family = family;
    made.sectors = sectors;
    made.tree.height = Tree::height_for(chunks_for(sectors));
    static_cast<void>(change());
    if (keep_changes_) changes_.maps.insert(map);
    return map;
}

void BlockMap::expand(MapId map, std::uint64_t sectors) {
    Member& own = member_of(map);
    VERIFY(!own.behind && own.ahead.empty() && sectors >= own.sectors);
    for (MapId const other : family_of(map).members) VERIFY(other == map || member(other).dropped);
    own.sectors = sectors;
    static_cast<void>(change());
    while (own.tree.height < Tree::height_for(own.chunks())) {
        ++own.tree.height;
        if (!own.tree.root) continue;
        NodePtr above(new Inner);
        above->id = ++last_node_;
        static_cast<Inner&>(*above).children[0] = own.tree.root;
        own.tree.root = above;
        note_node(above->id, map, 0, own.tree.height);
    }
    if (keep_changes_) changes_.maps.insert(map);
    new_era(family_of(map).line);
}

MapId BlockMap::snapshot(MapId source) {
    Member& own = member_of(source);
    VERIFY(!own.dropped && (!own.behind || link_of(*own.behind).lacking.empty()));
    own.shared_below = last_node_;
    MapId const map{++last_name_};
    Member& made = members_[map];
    made.family = own.family;
    made.tree = own.tree;
    made.sectors = own.sectors;
    made.shared_below = last_node_;
    made.mapped = own.mapped;
    Family& family = families_.at(own.family);
    family.members.push_back(map);
    new_era(family.line);
    static_cast<void>(change());
    if (keep_changes_) changes_.maps.insert({source, map});
    return map;
}

MapId BlockMap::restore(MapId map, MapId from) {
    Member& own = member_of(map);
    Member& other = member_of(from);
    VERIFY(own.family == other.family && own.sectors == other.sectors);
    VERIFY(!own.dropped && !other.dropped);
    // What it had goes on as a map that was dropped.
    MapId const gone{++last_name_};
    Member& old = members_[gone];
    old.family = own.family;
    old.tree = own.tree;
    old.sectors = own.sectors;
    old.shared_below = own.shared_below;
    old.mapped = own.mapped;
    old.dropped = change();
    families_.at(own.family).members.push_back(gone);
    for (auto& [id, at] : changes_.written) {
        if (at.map == map) at.map = gone;
    }
    own.tree = other.tree;
    own.mapped = other.mapped;
    own.shared_below = other.shared_below = last_node_;
    for (auto& [id, link] : links_) {
        if (link.ahead != map && link.behind != map) continue;
        VERIFY(link.mode == LinkMode::apart);
        link.changed = SubSet(own.chunks(), true);
        note_link(id);
    }
    new_era(families_.at(own.family).line);
    if (keep_changes_) changes_.maps.insert({map, from, gone});
    return gone;
}

void BlockMap::drop(MapId map) {
    Member& own = member_of(map);
    VERIFY(!own.dropped && !own.behind && own.ahead.empty());
    own.dropped = change();
    new_era(families_.at(own.family).line);
    if (keep_changes_) changes_.maps.insert(map);
}

void BlockMap::tie(LinkId link) {
    member_of(links_.at(link).behind).behind = link;
    member_of(links_.at(link).ahead).ahead.push_back(link);
}
void BlockMap::untie(LinkId link) {
    member_of(links_.at(link).behind).behind.reset();
    std::erase(member_of(links_.at(link).ahead).ahead, link);
}

LinkId BlockMap::link(MapId ahead, MapId behind, LinkMode mode) {
    Member const& own = member(behind);
    VERIFY(mode == LinkMode::push || mode == LinkMode::follow);
    VERIFY(!own.behind && own.ahead.empty() && family_of(behind).members.size() == 1);
    VERIFY(own.sectors == member(ahead).sectors && own.mapped == 0);
    LinkId const id{++last_name_};
    links_.emplace(
        id, Link{ahead, behind, mode, SubSet(own.chunks(), true), SubSet(own.chunks(), false)});
    tie(id);
    Family& family = families_.at(own.family);
    eras_.erase(family.line);
    family.line = family_of(ahead).line;
    new_era(family.line);
    static_cast<void>(change());
    note_link(id);
    return id;
}

void BlockMap::unlink(LinkId id) {
    Link const& link = link_of(id);
    MapId const behind = link.behind;
    LineId const line = family_of(behind).line;
    untie(id);
    links_.erase(id);
    new_era(line);
    // What was cloned from the one that leaves goes with it.
    LineId const other = own_line(member(behind).family);
    for (bool more = true; more;) {
        more = false;
        for (auto const& [tied, rest] : links_) {
            Family& ahead = families_.at(member(rest.ahead).family);
            Family& after = families_.at(member(rest.behind).family);
            if ((ahead.line == other) == (after.line == other)) continue;
            ahead.line = after.line = other;
            more = true;
        }
    }
    static_cast<void>(change());
    note_link(id);
}

void BlockMap::fracture(LinkId id) {
    Link& link = mirror(id, LinkMode::follow);
    VERIFY(link.lacking.empty());
    link.mode = LinkMode::apart;
    link.changed = SubSet(link.lacking.size(), false);
}

void BlockMap::resync(LinkId id) {
    Link& link = mirror(id, LinkMode::apart);
    link.mode = LinkMode::follow;
    link.lacking = std::exchange(link.changed, SubSet(link.lacking.size(), false));
}

void BlockMap::come_back(LinkId id) {
    Link& link = mirror(id, LinkMode::apart);
    untie(id);
    std::swap(link.ahead, link.behind);
    tie(id);
    link.mode = LinkMode::come_back;
    link.lacking = std::exchange(link.changed, SubSet(link.lacking.size(), false));
}

void BlockMap::come_back_ends(LinkId id) {
    Link& link = mirror(id, LinkMode::come_back);
    VERIFY(link.lacking.empty());
    untie(id);
    std::swap(link.ahead, link.behind);
    tie(id);
    link.mode = LinkMode::follow;
    link.lacking = std::exchange(link.changed, SubSet(link.lacking.size(), false));
}

void BlockMap::swap_sides(LinkId id) {
    Link& link = mirror(id, LinkMode::follow);
    VERIFY(link.lacking.empty());
    untie(id);
    std::swap(link.ahead, link.behind);
    tie(id);
}

std::uint64_t BlockMap::slots_used(DiskGroupId group) const {
    auto const found = slots_.find(group);
    return found == slots_.end() ? 0 : found->second.used();
}

std::size_t BlockMap::bytes() const {
    std::size_t bytes = 0;
    std::set<Node const*> seen;
    auto const add = [&](auto const& self, Node const* node) -> void {
        if (node == nullptr || !seen.insert(node).second) return;
        if (node->is_leaf) {
            bytes += static_cast<Leaf const*>(node)->bytes();
            return;
        }
        bytes += sizeof(Inner);
        for (NodePtr const& child : static_cast<Inner const*>(node)->children) {
            self(self, child.get());
        }
    };
    for (auto const& [id, member] : members_) add(add, member.tree.root.get());
    for (auto const& [group, slots] : slots_) bytes += slots.bytes();
    // A node of a std::map is four words and what it holds.
    bytes += unsettled_.size() * (sizeof(SlotKey) + sizeof(Unsettled) + 32);
    return bytes;
}

}  // namespace sunder::emulator
