// SPDX-License-Identifier: BSD-3-Clause
//
// Changes of a hierarchy, on Boost.Graph: what would run in a circle, what would hang in the air,
// and in which order children come before their parents.
#include "nodes/hierarchy.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/graph_utility.hpp>
#include <boost/graph/topological_sort.hpp>
#include <iterator>

namespace sunder::nodes {

namespace {

// The vertex behind the last resource is the mirror.
using Downwards = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

std::vector<std::pair<std::size_t, std::size_t>> edges_of(Hierarchy const& hierarchy) {
    std::size_t const mirror = hierarchy.resources().size();
    std::vector<std::pair<std::size_t, std::size_t>> edges;
    for (Dependency const& one : hierarchy.dependencies()) {
        edges.emplace_back(*hierarchy.find(one.parent),
                           one.child ? *hierarchy.find(*one.child) : mirror);
    }
    return edges;
}

Downwards graph_of(Hierarchy const& hierarchy) {
    auto const edges = edges_of(hierarchy);
    return {edges.begin(), edges.end(), hierarchy.resources().size() + 1};
}

}  // namespace

EditRule Hierarchy::apply(HierarchyEdit const& edit) {
    using Kind = HierarchyEdit::Kind;
    switch (edit.kind) {
        case Kind::remove:
            return remove(edit.resource.id);
        case Kind::delete_dependency:
            return delete_dependency(edit.dependencies.front());
        case Kind::create_dependency:
            return create_dependency(edit.dependencies.front());
        case Kind::create:
            break;
    }
    Hierarchy with = *this;
    EditRule rule = with.create(edit.resource);
    for (Dependency const& one : edit.dependencies) {
        if (rule == EditRule::granted) rule = with.create_dependency(one);
    }
    if (rule == EditRule::granted && !with.cut_off().empty()) rule = EditRule::would_be_cut_off;
    if (rule == EditRule::granted) *this = std::move(with);
    return rule;
}

std::optional<std::size_t> Hierarchy::find(ResourceId id) const {
    auto const found = std::ranges::lower_bound(resources_, id, {}, &ProtectedResource::id);
    if (found == resources_.end() || found->id != id) return std::nullopt;
    return static_cast<std::size_t>(found - resources_.begin());
}

void Hierarchy::put_in_order() {
    auto const graph = graph_of(*this);
    bottom_up_.clear();
    boost::topological_sort(graph, std::back_inserter(bottom_up_));
    std::erase(bottom_up_, resources_.size());
}

EditRule Hierarchy::create(ProtectedResource const& resource) {
    if (find(resource.id)) return EditRule::already_exists;
    auto const place =
        std::ranges::lower_bound(resources_, resource.id, {}, &ProtectedResource::id);
    resources_.insert(place, resource);
    put_in_order();
    return EditRule::granted;
}

/// True when the parent stands on the child, by whatever way.
bool Hierarchy::needs(ResourceId parent, ResourceId child) const {
    auto const graph = graph_of(*this);
    std::vector<boost::default_color_type> colours(boost::num_vertices(graph));
    return boost::is_reachable(*find(parent), *find(child), graph, colours.data());
}

EditRule Hierarchy::create_dependency(Dependency const& dependency) {
    std::optional<std::size_t> const parent = find(dependency.parent);
    if (!parent || (dependency.child && !find(*dependency.child)))
        return EditRule::no_such_resource;
    if (std::ranges::find(dependencies_, dependency) != dependencies_.end())
        return EditRule::already_depends;
    if (dependency.child && needs(*dependency.child, dependency.parent))
        return EditRule::would_be_a_cycle;
    bool const mounts = resources_[*parent].kind == ResourceKind::file_system;
    if (mounts && dependency.child) return EditRule::not_on_the_mirror;
    // A file system has its disk to itself; applications may share a bare one (R92).
    bool const taken = std::ranges::any_of(dependencies_, [&](Dependency const& one) {
        bool const mounted = resources_[*find(one.parent)].kind == ResourceKind::file_system;
        return !one.child && (mounted || mounts);
    });
    if (!dependency.child && taken) return EditRule::disk_in_use;
    dependencies_.insert(std::ranges::lower_bound(dependencies_, dependency), dependency);
    put_in_order();
    return EditRule::granted;
}

EditRule Hierarchy::delete_dependency(Dependency const& dependency) {
    auto const found = std::ranges::find(dependencies_, dependency);
    if (found == dependencies_.end()) return EditRule::does_not_depend;
    Hierarchy without = *this;
    without.dependencies_.erase(without.dependencies_.begin() + (found - dependencies_.begin()));
    if (!without.cut_off().empty()) return EditRule::would_be_cut_off;
    without.put_in_order();
    *this = std::move(without);
    return EditRule::granted;
}

EditRule Hierarchy::remove(ResourceId id) {
    std::optional<std::size_t> const place = find(id);
    if (!place) return EditRule::no_such_resource;
    bool const needed =
        std::ranges::any_of(dependencies_, [&](Dependency const& one) { return one.child == id; });
    if (needed) return EditRule::still_needed;
    Hierarchy without = *this;
    std::erase_if(without.dependencies_, [&](Dependency const& one) { return one.parent == id; });
    without.resources_.erase(without.resources_.begin() + static_cast<std::ptrdiff_t>(*place));
    // Something that only this one tied to the mirror, an address, say, would be left behind.
    if (!without.cut_off().empty()) return EditRule::would_be_cut_off;
    without.put_in_order();
    *this = std::move(without);
    return EditRule::granted;
}

std::vector<std::size_t> hang_together(std::size_t things,
                                       std::span<std::pair<std::size_t, std::size_t> const> bonds) {
    boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS> const graph(
        bonds.begin(), bonds.end(), things);
    std::vector<std::size_t> component(things);
    boost::connected_components(graph, component.data());
    return component;
}

std::vector<ResourceId> Hierarchy::cut_off() const {
    auto const component = hang_together(resources_.size() + 1, edges_of(*this));
    std::vector<ResourceId> found;
    for (std::size_t place = 0; place < resources_.size(); ++place) {
        if (component[place] != component.back()) found.push_back(resources_[place].id);
    }
    return found;
}

bool Hierarchy::has_other_storage() const {
    return std::ranges::any_of(resources_, [](ProtectedResource const& one) {
        return one.kind > ResourceKind::application;
    });
}

Fingerprint Hierarchy::fingerprint() const {
    Hasher hasher;
    for (ProtectedResource const& one : resources_) {
        hasher.add(
            hash_words(one.id.value, static_cast<std::uint64_t>(one.kind), one.local_recovery));
    }
    for (Dependency const& one : dependencies_) {
        hasher.add(mix(one.parent.value, one.child ? one.child->value + 1U : 0U));
    }
    return hasher.result();
}

std::string_view name_of(ResourceKind kind) {
    switch (kind) {
        case ResourceKind::file_system:
            return "file_system";
        case ResourceKind::address:
            return "address";
        case ResourceKind::application:
            return "application";
        case ResourceKind::nas:
            return "nas";
        case ResourceKind::drbd:
            return "drbd";
        case ResourceKind::sdr:
            return "sdr";
        case ResourceKind::multi_site:
            return "multi_site";
    }
    return "";
}

replication::RuleText text_of(EditRule rule) {
    using Rule = EditRule;
    switch (rule) {
        case Rule::granted:
            return {"granted", "A.15", "nothing stands against it"};
        case Rule::already_exists:
            return {"already_exists", "R91", "the hierarchy has it already"};
        case Rule::no_such_resource:
            return {"no_such_resource", "R98", "the hierarchy has no such resource"};
        case Rule::already_depends:
            return {"already_depends", "R98", "the one depends on the other already"};
        case Rule::does_not_depend:
            return {"does_not_depend", "R98", "the one does not depend on the other"};
        case Rule::would_be_a_cycle:
            return {"would_be_a_cycle", "R98",
                    "the child needs the parent already, so neither could ever start"};
        case Rule::disk_in_use:
            return {"disk_in_use", "R114",
                    "the disk is already in use by another protected resource"};
        case Rule::not_on_the_mirror:
            return {"not_on_the_mirror", "R92",
                    "a file system stands on its mirror, and on that alone"};
        case Rule::still_needed:
            return {"still_needed", "R99", "others in the hierarchy depend on it"};
        case Rule::would_be_cut_off:
            return {"would_be_cut_off", "R2",
                    "nothing would tie a resource to the mirror any more, so it would not move "
                    "with it"};
        case Rule::no_copy_here:
            return {"no_copy_here", "R79", "this node has no copy of the mirror"};
        case Rule::not_the_owner:
            return {"not_the_owner", "R119",
                    "a hierarchy is changed on the server that has it in service, or had it last"};
        case Rule::server_unreachable:
            return {"server_unreachable", "R98",
                    "a change is made on all servers, and one of them cannot be reached"};
        case Rule::still_in_service:
            return {"still_in_service", "R95",
                    "a resource is taken out of service before it is deleted"};
        case Rule::in_transition:
            return {"in_transition", "R96", "another change is under way"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

}  // namespace sunder::nodes
