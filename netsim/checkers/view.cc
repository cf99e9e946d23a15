// SPDX-License-Identifier: BSD-3-Clause
//
// Which of what a checker finds is the doing of a disk.
#include "netsim/checkers/view.h"

#include <algorithm>

namespace sunder::netsim {

bool View::injured(std::string_view property, GroupId group, NodeId node, std::uint64_t sector,
                   Content found) const {
    Injury const* injury = injuries.find(group, sector, found);
    if (injury == nullptr) return false;
    findings.allowed(property, Injuries::name(world, *injury, node));
    return true;
}

std::optional<Extent> View::unexplained(std::string_view property, GroupId group, Extent where,
                                        std::initializer_list<NodeId> copies) const {
    if (injuries.none()) return where;
    for (std::uint64_t s = where.first; s < where.end(); ++s) {
        bool const explained = std::ranges::any_of(copies, [&](NodeId node) {
            return injured(property, group, node, s, image(node, group).at(s));
        });
        if (!explained) return Extent{s, where.end() - s};
    }
    return std::nullopt;
}

}  // namespace sunder::netsim
