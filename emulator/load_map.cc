// SPDX-License-Identifier: BSD-3-Clause
//
// Whether a store's nodes, maps and links make a block map, and the map that they make. Everything
// is looked at that the rest of this room relies upon; whether places belong to two families is
// left to `audit`.
#include "emulator/map_contents.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::emulator {

namespace {

// Far above any volume of any array, far below where numbers of chunks overflow.
constexpr std::uint64_t most_sectors = std::uint64_t{1} << 50;

Unsound unsound(char const* what, std::uint64_t id, std::string words) {
    return {fmt::format("{} {}", what, id), std::move(words)};
}

}  // namespace

/// Builds trees, each node once.
struct BlockMap::Loading {
    struct Placed {
        NodePtr node;
        FamilyId family;
        unsigned level = 0;
        std::uint64_t first = 0;    // chunk
        std::uint64_t highest = 0;  // chunk that is mapped; `first` when none is
    };
    MapContents& contents;
    std::map<NodeId, Placed> placed{};
    std::optional<Unsound> fault{};

    void blame(NodeId id, std::string words) {
        if (!fault) fault = unsound("node", id, std::move(words));
    }
    Placed const* place(NodeId id, FamilyId family, unsigned level, std::uint64_t first);
    bool fill_leaf(Placed& made, NodeId id);
    bool fill_branch(Placed& made, NodeId id);
};

bool BlockMap::Loading::fill_leaf(Placed& made, NodeId id) {
    auto const found = contents.leaves.find(id);
    if (found == contents.leaves.end()) return false;
    made.node = found->second;
    auto const& leaf = static_cast<Leaf const&>(*made.node);
    for (unsigned at = 0; at < fan_out; ++at) {
        if (!leaf.empty(at)) made.highest = made.first + at;
    }
    return true;
}

bool BlockMap::Loading::fill_branch(Placed& made, NodeId id) {
    auto const found = contents.branches.find(id);
    if (found == contents.branches.end() || found->second.level != made.level) return false;
    made.node = new Inner;
    made.node->id = id;
    std::uint64_t const span = std::uint64_t{1} << (8 * (made.level - 1));
    for (auto const& [at, child] : found->second.children) {
        auto const* const below = place(child, made.family, made.level - 1, made.first + at * span);
        if (below == nullptr) return true;  // the child is to blame
        static_cast<Inner&>(*made.node).children[at] = below->node;
        made.highest = std::max(made.highest, below->highest);
    }
    return true;
}

BlockMap::Loading::Placed const* BlockMap::Loading::place(NodeId id, FamilyId family,
                                                          unsigned level, std::uint64_t first) {
    if (auto const known = placed.find(id); known != placed.end()) {
        Placed const& node = known->second;
        if (node.family == family && node.level == level && node.first == first) return &node;
        blame(id, fmt::format("families {} and {} have it, or two places of one", node.family.value,
                              family.value));
        return nullptr;
    }
    if (id > contents.last_node) {
        blame(id, fmt::format("its id was not given out yet; the last is {}", contents.last_node));
        return nullptr;
    }
    Placed made{nullptr, family, level, first, first};
    if (!(level == 1 ? fill_leaf(made, id) : fill_branch(made, id))) {
        blame(id, fmt::format("it is missing at level {}, where family {} needs it", level,
                              family.value));
    }
    if (fault) return nullptr;
    return &placed.emplace(id, std::move(made)).first->second;
}

std::optional<Unsound> BlockMap::load_links(std::map<LinkId, Link> links) {
    for (auto& [id, link] : links) {
        auto const fault = [&](std::string words) {
            return unsound("link", id.value, std::move(words));
        };
        if (id.value > last_name_) return fault("its id was not given out yet");
        for (MapId const side : {link.ahead, link.behind}) {
            if (!has(side)) return fault(fmt::format("map {} is missing", side.value));
            if (member(side).dropped) return fault(fmt::format("map {} is gone", side.value));
            bool const fits = link.lacking.size() == member(side).chunks() &&
                              link.changed.size() == member(side).chunks();
            if (!fits) return fault(fmt::format("map {} is of another size", side.value));
        }
        if (member(link.behind).behind) {
            return fault(fmt::format("map {} is copied from two", link.behind.value));
        }
        links_.emplace(id, std::move(link));
        tie(id);
    }
    for (auto const& [id, link] : links_) {
        // Upwards every map has one link at most, so a circle comes back to where it began.
        std::size_t steps = 0;
        for (auto up = member(link.ahead).behind; up; up = member(link_of(*up).ahead).behind) {
            if (++steps > links_.size()) {
                return unsound("link", id.value, "its maps are copied from each other in a circle");
            }
        }
    }
    // Families that links tie together are on one line.
    for (auto& [id, family] : families_) own_line(id);
    for (bool more = true; more;) {
        more = false;
        for (auto const& [id, link] : links_) {
            LineId const ahead = family_of(link.ahead).line;
            LineId const behind = family_of(link.behind).line;
            if (ahead == behind) continue;
            for (auto& [name, family] : families_) {
                if (family.line == behind) family.line = ahead;
            }
            eras_.erase(behind);
            more = true;
        }
    }
    return std::nullopt;
}

std::expected<BlockMap, Unsound> BlockMap::load(MapContents contents) {
    BlockMap made;
    made.last_name_ = contents.last_name;
    made.last_node_ = contents.last_node;
    made.commits_ = contents.commits;
    Loading loading{contents};
    for (auto const& [id, kept] : contents.maps) {
        auto const fault = [number = id.value](std::string words) {
            return std::unexpected(unsound("map", number, std::move(words)));
        };
        if (std::max(id.value, kept.family.value) > contents.last_name) {
            return fault("its id was not given out yet");
        }
        if (kept.sectors == 0 || kept.sectors > most_sectors) return fault("its size cannot be");
        auto const [family, first] =
            made.families_.try_emplace(kept.family, Family{kept.group, {}, {}, 0});
        if (family->second.group != kept.group) return fault("its family is in two disk groups");
        family->second.members.push_back(id);
        Member& member = made.members_[id];
        member.family = kept.family;
        member.sectors = kept.sectors;
        member.shared_below = kept.shared_below;
        member.mapped = kept.mapped;
        member.dropped = kept.dropped;
        member.released = kept.released;
        if (member.released > (member.dropped ? member.chunks() : 0)) {
            return fault("it gave up what it never had");
        }
        if (member.dropped.value_or(0) > contents.commits) return fault("it ends in the future");
        member.tree.height = Tree::height_for(member.chunks());
        if (kept.root == 0) continue;
        auto const* const root = loading.place(kept.root, kept.family, member.tree.height, 0);
        if (root == nullptr) return std::unexpected(*loading.fault);
        if (root->highest >= member.chunks()) return fault("something is mapped behind its end");
        member.tree.root = root->node;
    }
    for (auto const& [id, leaf] : contents.leaves) {
        if (!loading.placed.contains(id))
            return std::unexpected(unsound("node", id, "no map has it"));
    }
    for (auto const& [id, branch] : contents.branches) {
        if (!loading.placed.contains(id))
            return std::unexpected(unsound("node", id, "no map has it"));
    }
    if (auto fault = made.load_links(std::move(contents.links))) {
        return std::unexpected(std::move(*fault));
    }
    return made;
}

}  // namespace sunder::emulator
