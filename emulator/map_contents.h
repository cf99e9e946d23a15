// SPDX-License-Identifier: BSD-3-Clause
//
// A block map as a store keeps it: its nodes, maps and links, each by its id. What can be computed
// from them is not kept: counts, slots in use, lines, the order of members and links. Which bytes
// they are is the store's business; load_map.cc decides whether they make a map.
#pragma once

#include "emulator/block_map.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sunder::emulator {

/// What of a store's contents cannot be.
struct Unsound {
    std::string where;  ///< "node 17"
    std::string what;
};

struct MapContents {
    struct Branch {
        unsigned level = 2;
        std::vector<std::pair<std::uint8_t, NodeId>> children{};  ///< by place
    };
    struct Map {
        FamilyId family;
        DiskGroupId group;
        std::uint64_t sectors = 0;
        NodeId root = 0;  ///< 0: nothing is mapped
        NodeId shared_below = 0;
        std::uint64_t mapped = 0;  ///< counts for maps that were dropped
        std::optional<Commit> dropped{};
        std::uint64_t released = 0;
    };
    std::map<NodeId, NodePtr> leaves{};
    std::map<NodeId, Branch> branches{};
    std::map<MapId, Map> maps{};
    std::map<LinkId, Link> links{};  ///< of their intents the regions count
    std::uint32_t last_name = 0;
    NodeId last_node = 0;
    Commit commits = 0;
};

}  // namespace sunder::emulator
