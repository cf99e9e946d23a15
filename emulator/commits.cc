// SPDX-License-Identifier: BSD-3-Clause
//
// What a plan changes when it is committed, what becomes of the places that nobody has any more,
// and how a map that was dropped is given up.
#include "emulator/block_map.h"

#include "emulator/mutant.h"

namespace sunder::emulator {

Commit BlockMap::commit(Plan const& plan) {
    if (plan.in_place()) return commits_;
    if (plan.release) {
        release_leaf(plan.map, change());
        return commits_;
    }
    VERIFY(plan.era == eras_.at(plan.line));
    Commit const at = change();
    for (EntryChange const& entry : plan.changes) change_entry(entry, plan.chunk, at);
    for (LinkChange const& link : plan.links) change_link(link, plan.chunk, at);
    for (Shared const& left : plan.left) {
        unsettle(left.group, left.slot, left.mask, at, plan.map);
    }
    return at;
}

void BlockMap::abandon(Plan const& plan) {
    for (auto const& [map, slot] : plan.taken) {
        Family& family = families_.at(member(map).family);
        slots_.at(family.group).give_back(slot);
        --family.slots;
    }
    for (MapId const map : plan.claims) --member_of(map).mapped;
    for (MapId const map : plan.leaves) ++member_of(map).mapped;
    for (LinkChange const& change : plan.links) {
        auto const link = links_.find(change.link);
        if (link == links_.end()) continue;
        auto const intent = link->second.intents.find(plan.chunk / intent_chunks);
        if (intent != link->second.intents.end()) --intent->second.open;
    }
}

void BlockMap::change_entry(EntryChange const& change, std::uint64_t chunk, Commit at) {
    Leaf& leaf = edit(change.map, chunk);
    auto const place = static_cast<unsigned>(chunk % fan_out);
    Entry const before = leaf.get(place);
    leaf.set(place, change.entry);
    Member& own = member_of(change.map);
    // Who is alone in his family need not remember.
    bool const alone = families_.at(own.family).members.size() == 1;
    leaf.set_owned(place, alone ? no_sub_chunk : change.owned);
    Family& family = families_.at(own.family);
    for (Layer const& layer : before) {
        Mask const left = without(layer.mask, change.entry.in(layer.slot));
        if (left == no_sub_chunk) continue;
        bool used = change.entry.in(layer.slot) != no_sub_chunk;
        if (!mutant(Mutant::shared_slot_freed)) {
            used = used || slot_used(change.map, chunk, layer.slot);
        }
        if (used) {
            unsettle(family.group, layer.slot, left, at, change.map);
            continue;
        }
        unsettled_.erase({family.group, layer.slot});
        slots_.at(family.group).free(layer.slot, at);
        --family.slots;
    }
    if (durable_ == std::numeric_limits<Commit>::max()) slots_.at(family.group).settle(durable_);
}

void BlockMap::change_link(LinkChange const& change, std::uint64_t chunk, Commit at) {
    auto const found = links_.find(change.link);
    if (found == links_.end()) return;  // it ended when the last of what it lacked was filled
    Link& link = found->second;
    note_page(change.link, chunk);
    if (change.filled != no_sub_chunk) link.lacking.remove(chunk, change.filled);
    if (change.stale != no_sub_chunk && !mutant(Mutant::change_unmarked)) {
        switch (link.mode) {
            case LinkMode::apart:
            case LinkMode::come_back:
                link.changed.add(chunk, change.stale);
                break;
            case LinkMode::follow:
                link.lacking.add(chunk, change.stale);
                break;
            case LinkMode::push:
                break;
        }
    }
    auto const intent = link.intents.find(chunk / intent_chunks);
    if (intent == link.intents.end()) return;
    --intent->second.open;
    intent->second.last = at;
}

void BlockMap::release_leaf(MapId map, Commit at) {
    Member& own = member_of(map);
    VERIFY(own.dropped);
    while (own.released < own.chunks()) {
        std::uint64_t const chunk = own.released;
        // What is missing, or another map's as well, is passed in one stride.
        unsigned stride = 0;
        for (unsigned level = own.tree.height; level >= 1 && stride == 0; --level) {
            Node const* const node = own.tree.node(chunk, level);
            if (node == nullptr || sharer_of(map, chunk, level, node->id)) stride = level;
        }
        if (stride != 0) {
            std::uint64_t const span = std::uint64_t{1} << (8 * stride);
            own.released = std::min((chunk / span + 1) * span, own.chunks());
            continue;
        }
        Leaf const* const leaf = own.tree.leaf(chunk);
        Family& family = families_.at(own.family);
        for (unsigned i = 0; i < fan_out; ++i) {
            for (Layer const& layer : leaf->get(i)) {
                if (slot_used(map, chunk + i, layer.slot)) continue;
                unsettled_.erase({family.group, layer.slot});
                slots_.at(family.group).free(layer.slot, at);
                --family.slots;
            }
        }
        own.released = std::min(chunk + fan_out, own.chunks());
        break;
    }
    if (durable_ == std::numeric_limits<Commit>::max()) settle(durable_);
    if (keep_changes_) changes_.maps.insert(map);
    if (own.released < own.chunks()) return;
    forget_nodes(map);
    Family& family = families_.at(own.family);
    std::erase(family.members, map);
    if (family.members.empty()) {
        LineId const line = family.line;
        VERIFY(family.slots == 0);
        families_.erase(own.family);
        bool const last = std::none_of(families_.begin(), families_.end(), [&](auto const& other) {
            return other.second.line == line;
        });
        if (last) eras_.erase(line);
    }
    members_.erase(map);
}

void BlockMap::forget_nodes(MapId map) {
    if (!keep_changes_) return;
    Member const& own = member(map);
    forget_nodes(map, own.tree.root.get(), 0, own.tree.height);
}

void BlockMap::forget_nodes(MapId map, Node const* node, std::uint64_t chunk, unsigned level) {
    if (node == nullptr || chunk >= member(map).chunks()) return;
    auto const written = changes_.written.find(node->id);
    auto const sharer = sharer_of(map, chunk, level, node->id);
    if (sharer) {
        // The row that is still to be written is read from a map that stays.
        if (written != changes_.written.end()) written->second.map = *sharer;
    } else {
        if (written != changes_.written.end()) changes_.written.erase(written);
        changes_.dropped.insert(node->id);
    }
    if (level == 1) return;
    std::uint64_t const span = std::uint64_t{1} << (8 * (level - 1));
    for (unsigned i = 0; i < fan_out; ++i) {
        forget_nodes(map, static_cast<Inner const*>(node)->children[i].get(), chunk + i * span,
                     level - 1);
    }
}

std::optional<Plan> BlockMap::plan_release() const {
    // A family's first map goes last: what it has is not charged to the copies (state.cc).
    for (auto at = members_.rbegin(); at != members_.rend(); ++at) {
        // Its places are given out again only if it cannot come back.
        Member const& member = at->second;
        if (!member.dropped || *member.dropped > durable_) continue;
        Plan plan;
        plan.map = at->first;
        plan.release = true;
        return plan;
    }
    return std::nullopt;
}

}  // namespace sunder::emulator
