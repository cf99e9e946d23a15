// SPDX-License-Identifier: BSD-3-Clause
//
// What runs where, and whether it may.
#include "netsim/checkers/hierarchy_in_order.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

/// As the node goes by it, which operators may have changed.
nodes::Hierarchy const& hierarchy_at(View const& view, NodeId node, GroupId group) {
    HierarchySim const& above = view.world.copy(node, group)->above;
    return above.hierarchy ? *above.present() : view.mirror(group).hierarchy;
}

std::string const& name_of(View const& view, ResourceId resource) {
    return view.world.cluster().resources[resource.value].name;
}

}  // namespace

void HierarchyInOrder::on(View& view, NodeId id, nodes::note::LeftService const& left) {
    Node& node = nodes_[id];
    node.mirrors.erase(left.group);
    if (node.conceded.erase(left.group) != 0) {
        node.bereft.insert(left.group);
        return;
    }
    for (nodes::ProtectedResource const& one : hierarchy_at(view, id, left.group).resources()) {
        if (!node.running.contains(one.id)) continue;
        refuse(view, id, left.group,
               fmt::format("{} leaves service before {}, which stands on it",
                           view.mirror(left.group).name, name_of(view, one.id)));
    }
}

void HierarchyInOrder::on(View& view, NodeId id, nodes::note::HierarchyNoted const& noted) {
    using To = nodes::hierarchy::Changed::To;
    auto const* changed = std::get_if<nodes::hierarchy::Changed>(&noted.note);
    if (changed == nullptr) return;
    Node& node = nodes_[id];
    ResourceId const resource = changed->resource;
    switch (changed->to) {
        case To::in_service:
            check_start(view, id, noted.group, resource);
            node.running.insert(resource);
            return;
        case To::recovered:
        case To::does_not_stop:
            node.impaired.erase(resource);
            node.running.insert(resource);
            return;
        case To::recovering:
        case To::failed:
            if (node.running.erase(resource) != 0) node.impaired.insert(resource);
            return;
        case To::out_of_service:
            check_stop(view, id, noted.group, resource);
            [[fallthrough]];
        case To::abandoned:
            node.running.erase(resource);
            node.impaired.erase(resource);
            return;
    }
}

void HierarchyInOrder::on(View& view, NodeId id, nodes::note::HierarchyEdited const& edited) {
    if (edited.rule == nodes::EditRule::granted) nodes_[id].edited[edited.group] = view.now();
}

/// By then what takes that time had begun.
bool HierarchyInOrder::is_edited_within(View const& view, NodeId id, GroupId group,
                                        Duration time) const {
    auto const node = nodes_.find(id);
    if (node == nodes_.end()) return false;
    auto const edited = node->second.edited.find(group);
    return edited != node->second.edited.end() && edited->second + time >= view.now();
}

void HierarchyInOrder::check_start(View& view, NodeId id, GroupId group, ResourceId resource) {
    Node const& node = nodes_[id];
    Duration const takes = view.world.cluster().resources[resource.value].start;
    if (is_edited_within(view, id, group, takes)) return;
    for (nodes::Dependency const& need : hierarchy_at(view, id, group).dependencies()) {
        if (need.parent != resource) continue;
        // The mirror may have been given up while the resource was starting.
        bool const there =
            need.child ? node.running.contains(*need.child) || node.impaired.contains(*need.child)
                       : node.mirrors.contains(group) || node.bereft.contains(group);
        if (there) continue;
        refuse(view, id, group,
               fmt::format("{} comes in service without {}", name_of(view, resource),
                           need.child ? name_of(view, *need.child) : view.mirror(group).name));
    }
}

void HierarchyInOrder::check_stop(View& view, NodeId id, GroupId group, ResourceId resource) {
    Duration const takes = view.world.cluster().resources[resource.value].stop;
    if (is_edited_within(view, id, group, takes)) return;
    for (nodes::Dependency const& need : hierarchy_at(view, id, group).dependencies()) {
        if (need.child != resource || !nodes_[id].running.contains(need.parent)) continue;
        refuse(view, id, group,
               fmt::format("{} leaves service before {}, which needs it", name_of(view, resource),
                           name_of(view, need.parent)));
    }
}

void HierarchyInOrder::refuse(View& view, NodeId node, GroupId group, std::string const& what) {
    view.violated(text, group, fmt::format("{}: {}", view.name(node), what));
}

}  // namespace sunder::netsim
