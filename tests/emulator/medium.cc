// SPDX-License-Identifier: BSD-3-Clause
//
// The medium of values, and its rows.
#include "tests/emulator/medium.h"

#include "base/hash.h"

#include <fmt/format.h>

namespace sunder::emulator::test {

Array ValueMedium::begin(Profile const& profile) {
    Array array(profile);
    array.keep_changes(true);
    durable_ = array;
    return array;
}

std::string ValueMedium::flush(Array& array) {
    store_.flush();
    std::string words = keep_rows(array);
    array.settle(array.state().map.commits());
    durable_ = array;
    return words;
}

Array ValueMedium::power_cut(std::uint64_t seed) {
    store_.power_cut([&](DiskGroupId group, std::uint64_t sector) {
        // Whole sub-chunks mostly, single sectors now and then.
        std::uint64_t const unit = seed % 4 == 0 ? sector : sector / sub_chunk_sectors;
        return hash_words(seed, group.value, unit) % 2 == 0;
    });
    Array array = *durable_;
    array.restarted();
    static_cast<void>(flush(array));
    return array;
}

ValueMedium::NodeRow ValueMedium::row_of(Node const& node, unsigned level) {
    NodeRow row{level, {}};
    for (unsigned at = 0; at < fan_out; ++at) {
        if (!node.is_leaf) {
            auto const& child = static_cast<Inner const&>(node).children[at];
            row.content.push_back(child ? child->id : 0);
            continue;
        }
        for (Layer const& layer : static_cast<Leaf const&>(node).get(at)) {
            row.content.push_back(at);
            row.content.push_back(std::uint64_t{layer.slot} << 16 | layer.mask);
        }
    }
    return row;
}

std::string ValueMedium::check_rows(Node const* node, unsigned level,
                                    std::set<NodeId>& seen) const {
    if (node == nullptr || !seen.insert(node->id).second) return "";
    auto const row = nodes_.find(node->id);
    if (row == nodes_.end() || row->second != row_of(*node, level)) {
        return fmt::format("node {} of level {} is not what the store was told", node->id, level);
    }
    if (node->is_leaf) return "";
    std::string words;
    for (auto const& child : static_cast<Inner const*>(node)->children) {
        if (words.empty()) words = check_rows(child.get(), level - 1, seen);
    }
    return words;
}

std::string ValueMedium::keep_rows(Array& array) {
    MapChanges const changes = array.take_changes();
    BlockMap const& map = array.state().map;
    for (auto const& [id, at] : changes.written) {
        Node const* const node =
            map.has(at.map) ? map.member(at.map).tree.node(at.chunk, at.level) : nullptr;
        if (node == nullptr || node->id != id) {
            return fmt::format("node {} is not where the changes say", id);
        }
        nodes_[id] = row_of(*node, at.level);
    }
    for (NodeId const id : changes.dropped) nodes_.erase(id);
    std::set<NodeId> seen;
    std::string words;
    for (auto const& [id, family] : map.families()) {
        for (MapId const member : family.members) {
            Tree const& tree = map.member(member).tree;
            if (words.empty()) words = check_rows(tree.root.get(), tree.height, seen);
        }
    }
    if (words.empty() && seen.size() != nodes_.size()) {
        words = fmt::format("the store has {} nodes, the map {}", nodes_.size(), seen.size());
    }
    return words;
}

}  // namespace sunder::emulator::test
