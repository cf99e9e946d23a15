// SPDX-License-Identifier: BSD-3-Clause
//
// hierarchy_in_order (R98, R99): a resource starts on a node only where everything that it needs is
// in service; it stops before what it needs; and a mirror leaves service after everything that
// stands on it, unless it was taken away by the death of its node or gave up a split brain by
// itself. A history checker: it keeps book of what notes say.
//
// What had begun when an operator changed the hierarchy (R98) is not judged by what it became.
#pragma once

#include "netsim/checkers/view.h"

#include <map>
#include <set>
#include <string>

namespace sunder::netsim {

class HierarchyInOrder {
public:
    static constexpr CheckerText text{
        "hierarchy_in_order", "R98, R99",
        "resources start after what they need, and stop before it; the mirror is the last", true};

    void on(View&, seen::NodeDied const& died) { nodes_.erase(died.node); }
    void on(View&, NodeId node, nodes::note::CameInService const& came) {
        nodes_[node].mirrors.insert(came.group);
        nodes_[node].bereft.erase(came.group);
    }
    void on(View& view, NodeId node, nodes::note::LeftService const& left);
    void on(View& view, NodeId node, nodes::note::HierarchyNoted const& noted);
    void on(View& view, NodeId node, nodes::note::HierarchyEdited const& edited);
    void on(View&, From from, replication::note::Conceded const&) {
        nodes_[from.node].conceded.insert(from.group);
    }

private:
    struct Node {
        std::set<GroupId> mirrors;
        std::set<ResourceId> running;
        std::set<ResourceId> impaired;  ///< ran until they failed, and hold their place
        std::set<GroupId> conceded;
        std::set<GroupId> bereft;            ///< went without waiting for what stands on them
        std::map<GroupId, Duration> edited;  ///< when their hierarchies were changed last
    };
    [[nodiscard]] bool is_edited_within(View const& view, NodeId node, GroupId group,
                                        Duration time) const;
    void check_start(View& view, NodeId node, GroupId group, ResourceId resource);
    void check_stop(View& view, NodeId node, GroupId group, ResourceId resource);
    void refuse(View& view, NodeId node, GroupId group, std::string const& what);

    std::map<NodeId, Node> nodes_;
};

}  // namespace sunder::netsim
