// SPDX-License-Identifier: BSD-3-Clause
//
// Who else uses a place, which nodes of a tree are a map's own, and which places must not be
// overwritten yet.
#include "emulator/sharing.h"

#include "emulator/mutant.h"

namespace sunder::emulator {

Node const* BlockMap::node_of(Member const& member, std::uint64_t chunk, unsigned level) {
    if (chunk >= member.chunks() || level > member.tree.height) return nullptr;
    if (member.dropped) {
        std::uint64_t const span = std::uint64_t{1} << (8 * level);
        if (member.released >= std::min((chunk / span + 1) * span, member.chunks())) return nullptr;
    }
    return member.tree.node(chunk, level);
}

BlockMap::Users BlockMap::others_at(MapId map, std::uint64_t chunk) const {
    Users users;
    Family const& family = family_of(map);
    boost::container::small_vector<NodeId, 16> seen;
    boost::container::small_vector<Node const*, 16> roots;
    for (bool const live : {true, false}) {
        for (MapId const id : family.members) {
            Member const& other = member(id);
            if (id == map || live == other.dropped.has_value()) continue;
            if (chunk >= other.chunks() || (other.dropped && other.released > chunk)) continue;
            if (live) ++users.maps;
            // What was dropped may be overwritten when the drop is durable.
            bool const reads = live || *other.dropped > durable_;
            // Whoever shares all with one that was looked at adds nothing.
            Node const* const root = other.tree.root.get();
            if (std::find(roots.begin(), roots.end(), root) != roots.end()) continue;
            if (reads) roots.push_back(root);
            auto const* const leaf = other.tree.leaf(chunk);
            if (leaf == nullptr || leaf->empty(chunk % fan_out)) continue;
            if (std::find(seen.begin(), seen.end(), leaf->id) != seen.end()) continue;
            if (reads) seen.push_back(leaf->id);
            for (Layer const& layer : leaf->get(chunk % fan_out)) {
                auto at = std::find_if(users.slots.begin(), users.slots.end(),
                                       [&](auto const& user) { return user.slot == layer.slot; });
                if (at == users.slots.end()) {
                    users.slots.push_back({layer.slot, no_sub_chunk, false});
                    at = users.slots.end() - 1;
                }
                if (reads) at->mask |= layer.mask;
                at->live = at->live || live;
            }
        }
    }
    return users;
}

bool BlockMap::slot_used(MapId but, std::uint64_t chunk, Slot slot) const {
    for (MapId const id : family_of(but).members) {
        if (id == but) continue;
        auto const* const leaf = static_cast<Leaf const*>(node_of(member(id), chunk, 1));
        if (leaf == nullptr) continue;
        if (auto const simple = leaf->simple(chunk % fan_out)) {
            if (*simple == slot) return true;
        } else if (leaf->get(chunk % fan_out).in(slot) != no_sub_chunk) {
            return true;
        }
    }
    return false;
}

std::vector<MapId> BlockMap::sharers(MapId map, std::uint64_t chunk, Mask mask) const {
    std::vector<MapId> all;
    Leaf const* const own = member(map).tree.leaf(chunk);
    if (own == nullptr) return all;
    Entry const entry = own->get(chunk % fan_out);
    for (MapId const id : family_of(map).members) {
        Member const& other = member(id);
        if (id == map || other.dropped || chunk >= other.chunks()) continue;
        Leaf const* const leaf = other.tree.leaf(chunk);
        if (leaf == nullptr) continue;
        Entry const theirs = leaf->get(chunk % fan_out);
        bool const shares = std::any_of(entry.begin(), entry.end(), [&](Layer const& layer) {
            return (theirs.in(layer.slot) & mask) != no_sub_chunk;
        });
        if (shares) all.push_back(id);
    }
    return all;
}

std::optional<MapId> BlockMap::sharer_of(MapId map, std::uint64_t chunk, unsigned level,
                                         NodeId id) const {
    if (id > member(map).shared_below) return std::nullopt;
    for (MapId const other : family_of(map).members) {
        if (other == map) continue;
        Node const* const node = node_of(member(other), chunk, level);
        if (node != nullptr && node->id == id) return other;
    }
    return std::nullopt;
}

namespace {

NodePtr copy_of(Node const* node) {
    NodePtr made;
    if (node->is_leaf) {
        made = new Leaf(*static_cast<Leaf const*>(node));
    } else {
        made = new Inner(*static_cast<Inner const*>(node));
    }
    made->holders = 1;
    return made;
}

}  // namespace

Leaf& BlockMap::edit(MapId map, std::uint64_t chunk) {
    Member& own = member_of(map);
    NodePtr* way = &own.tree.root;
    NodeId parent = 0;
    for (unsigned level = own.tree.height;; --level) {
        NodeId const before = *way ? (*way)->id : 0;
        if (!*way) {
            if (level == 1) {
                *way = new Leaf;
            } else {
                *way = new Inner;
            }
            (*way)->id = ++last_node_;
        } else if (sharer_of(map, chunk, level, before)) {
            *way = copy_of(way->get());
            (*way)->id = ++last_node_;
            if (level == 1) static_cast<Leaf&>(**way).disown_all();
        } else if ((*way)->holders != 1) {
            *way = copy_of(way->get());
        }
        if ((*way)->id != before) {
            note_node((*way)->id, map, chunk, level);
            if (parent != 0) note_node(parent, map, chunk, level + 1);
            if (parent == 0 && keep_changes_) changes_.maps.insert(map);
        }
        if (level == 1) {
            note_node((*way)->id, map, chunk, level);
            return static_cast<Leaf&>(**way);
        }
        parent = (*way)->id;
        way = &static_cast<Inner&>(**way).children[Tree::slot_at(chunk, level)];
    }
}

void BlockMap::note_node(NodeId id, MapId map, std::uint64_t chunk, unsigned level) {
    if (keep_changes_) changes_.written[id] = {map, chunk, level};
}

void BlockMap::note_link(LinkId link) {
    if (!keep_changes_) return;
    changes_.links.insert(link);
    changes_.sets.insert(link);
}

void BlockMap::note_page(LinkId link, std::uint64_t chunk) {
    if (keep_changes_) changes_.pages.insert({link, chunk / SubSet::page_chunks});
}

Mask BlockMap::guarded(DiskGroupId group, Slot slot, MapId map) const {
    if (unsettled_.empty() || mutant(Mutant::unsettled_overwritten)) return no_sub_chunk;
    auto const found = unsettled_.find({group, slot});
    if (found == unsettled_.end() || found->second.at <= durable_) return no_sub_chunk;
    // Whoever stopped using a place alone may begin again: nobody else reads it.
    bool const own = found->second.by == map && !found->second.many;
    return own ? no_sub_chunk : found->second.mask;
}

void BlockMap::unsettle(DiskGroupId group, Slot slot, Mask mask, Commit at, MapId by) {
    if (at <= durable_) return;
    auto const [found, made] =
        unsettled_.try_emplace({group, slot}, Unsettled{mask, at, by, false});
    if (made) return;
    Unsettled& entry = found->second;
    if (entry.at <= durable_) {
        entry = {mask, at, by, false};
    } else {
        entry.mask |= mask;
        entry.at = at;
        entry.many = entry.many || entry.by != by;
    }
}

}  // namespace sunder::emulator
