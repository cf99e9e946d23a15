// SPDX-License-Identifier: BSD-3-Clause
//
// What stands on mirrors, as far as the world is concerned: how long it takes to start and to stop,
// what goes wrong with it, and when a health check finds out.
#include "base/verify.h"
#include "netsim/world.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace hierarchy = nodes::hierarchy;

namespace {

std::uint32_t packed(ResourceId resource, hierarchy::Action action) {
    return resource.value | static_cast<std::uint32_t>(action) << 16;
}

}  // namespace

void World::step_hierarchy(NodeId node, CopySim& copy, hierarchy::Input const& input) {
    confined_ = false;
    HierarchySim& sim = copy.above;
    auto const* commanded = std::get_if<hierarchy::input::Commanded>(&input);
    auto const* change = commanded != nullptr
                             ? std::get_if<hierarchy::command::Change>(&commanded->command)
                             : nullptr;
    if (change != nullptr) change_hierarchy(sim, sim.machine->hierarchy(), *change->to);
    hierarchy::Outbox out;
    ++steps_;
    sim.machine.edit().step(input, out);
    sim.print = sim.machine->fingerprint();
    trace_.add(sim.print);
    struct Carry {
        World& world;
        NodeId node;
        CopySim& copy;
        void operator()(hierarchy::output::Act const& out) const {
            ResourceSetup const& setup = world.cluster_->resources[out.resource.value];
            Duration const takes[] = {setup.start, setup.stop, setup.recovery};
            world.queue_.push(world.now_ + takes[static_cast<int>(out.action)],
                              {EventKind::resource_done, node.value, copy.group,
                               packed(out.resource, out.action), world.nodes_[node.value].life});
        }
        void operator()(hierarchy::output::Reported const& out) const {
            world.locals_.push_back(
                {node.value, copy.group,
                 nodes::Input{nodes::input::HierarchyReported{GroupId{copy.group}, out.report}}});
        }
        void operator()(hierarchy::output::Noted const& out) const {
            world.see(seen::NodeNoted{
                node, nodes::note::HierarchyNoted{GroupId{copy.group}, out.note}, world.steps_});
        }
    };
    for (hierarchy::Output const& output : out) std::visit(Carry{*this, node, copy}, output);
}

void World::above_a_mirror(Event const& event) {
    NodeId const node{event.node};
    CopySim& held = *find_copy(node, event.group);
    if (event.kind == EventKind::resource_done) {
        resource_done(node, held, event.what);
    } else if (event.kind == EventKind::edit_done) {
        hierarchy_stored(node, held);
    } else {
        health_check(node, held, resource_in(event));
    }
}

std::string World::words_above_a_mirror(Event const& event) const {
    std::string const& node = nodes_[event.node].name;
    if (event.kind == EventKind::edit_done) {
        return fmt::format("{} stores the hierarchy of {}", node,
                           cluster_->mirrors[event.group].name);
    }
    std::string const& resource = cluster_->resources[resource_in(event).value].name;
    if (event.kind == EventKind::health_check) return fmt::format("{} checks {}", node, resource);
    auto const action = static_cast<hierarchy::Action>(event.what >> 16);
    return fmt::format("{} ends the {} of {}", node, hierarchy::name_of(action), resource);
}

/// One that is stopped, in whatever state it was, has not failed any more.
void World::resource_done(NodeId node, CopySim& copy, std::uint32_t what) {
    ResourceId const id{static_cast<std::uint16_t>(what)};
    if (!exists(node, id)) return;  // deleted while it was stopping
    auto const action = static_cast<hierarchy::Action>(what >> 16);
    HierarchySim::Resource& sim = resource_of(node, id);
    ResourceFaults const& now = faults_of(node, id);
    bool const faults[] = {now.start, now.stop, now.recovery};
    bool const ok = !faults[static_cast<int>(action)];
    if (ok) {
        sim.runs = action != hierarchy::Action::stop;
        sim.failed = false;
    }
    trace(node, fmt::format("{} {} {}", cluster_->resources[id.value].name,
                            hierarchy::name_of(action), ok ? "done" : "FAILED"));
    step_hierarchy(node, copy, hierarchy::input::ActionDone{id, action, ok});
}

void World::health_check(NodeId node, CopySim& copy, ResourceId resource) {
    trace(node, fmt::format("health check of {}", cluster_->resources[resource.value].name));
    step_hierarchy(node, copy, hierarchy::input::FoundFailed{resource});
    // One that was stopping then, and did not, is looked at again.
    auto const state = state_of(node, resource);
    bool const moves = state && (std::holds_alternative<hierarchy::resource::Stopping>(*state) ||
                                 std::holds_alternative<hierarchy::resource::Starting>(*state));
    if (moves && resource_of(node, resource).failed) check_later(node, resource);
}

/// At the next of its health checks, which come at fixed intervals from the beginning on.
void World::check_later(NodeId node, ResourceId resource) {
    std::int64_t const interval = cluster_->resources[resource.value].check.ns;
    Duration const next{(now_.ns / interval + 1) * interval};
    queue_.push(next, {EventKind::health_check, node.value, mirror_of(resource).value,
                       resource.value, nodes_[node.value].life});
}

HierarchySim::Resource& World::resource_of(NodeId node, ResourceId resource) {
    CopySim* const held = find_copy(node, mirror_of(resource).value);
    VERIFY(held != nullptr);
    return held->above.resources[*held->above.present()->find(resource)];
}

HierarchySim::Resource const& World::resource(NodeId node, ResourceId resource) const {
    return const_cast<World*>(this)->resource_of(node, resource);
}

GroupId World::mirror_of(ResourceId resource) const {
    return GroupId{cluster_->resources[resource.value].mirror};
}

bool World::exists(NodeId node, ResourceId resource) const {
    CopySim const* const held = copy(node, mirror_of(resource));
    return held != nullptr && held->above.present()->find(resource).has_value();
}

/// What runs stays as it is; what is deleted does not run.
void World::change_hierarchy(HierarchySim& sim, nodes::Hierarchy const& from,
                             nodes::Hierarchy const& to) {
    std::vector<HierarchySim::Resource> resources;
    for (nodes::ProtectedResource const& one : to.resources()) {
        std::optional<std::size_t> const was = from.find(one.id);
        resources.push_back(was ? sim.resources[*was] : HierarchySim::Resource{});
    }
    sim.resources = std::move(resources);
}

void World::store_hierarchy(NodeId node, nodes::StoredHierarchy const& what) {
    CopySim& held = *find_copy(node, what.group.value);
    held.above.storing.push_back(what);
    queue_.push(held.disk->store_time(now_, {}),
                {EventKind::edit_done, node.value, held.group, 0, nodes_[node.value].life});
}

void World::hierarchy_stored(NodeId node, CopySim& copy) {
    HierarchySim& sim = copy.above;
    VERIFY(!sim.storing.empty());
    nodes::StoredHierarchy const stored = sim.storing.front();
    sim.storing.erase(sim.storing.begin());
    // The machine's turn comes in the same event, so that places and resources stay together.
    if (stored.is_later_than(sim.stored)) sim.stored = stored;
    step_node(node, nodes::input::HierarchyStored{stored});
}

std::optional<hierarchy::ResourceState> World::state_of(NodeId node, ResourceId resource) const {
    CopySim const* const held = copy(node, mirror_of(resource));
    bool const known = held != nullptr && held->above.machine &&
                       held->above.machine->hierarchy().find(resource).has_value();
    if (!known) return std::nullopt;
    return held->above.machine->state(resource);
}

bool World::is_extended(NodeId node, GroupId group) const {
    return copy(node, group)->machine->in_mirror();
}

bool World::usable(NodeId node, GroupId group) const {
    if (!serves(node, group)) return false;
    HierarchySim const& above = copy(node, group)->above;
    return !above.machine || above.machine->up();
}

NodeId World::holder(NodeId at, ResourceId resource) const {
    for (SharerSim const& one : nodes_[at.value].shares) {
        if (copy(one.shared, mirror_of(resource)) != nullptr) return one.shared;
    }
    return at;
}

ResourceFaults const& World::faults_of(NodeId node, ResourceId resource) const {
    std::vector<NodeId> const& servers = cluster_->nodes[node.value].shared_by;
    bool const second = !servers.empty() && carrier(node) == servers[1];
    return this->resource(node, resource).faults[second ? 1 : 0];
}

bool World::runs_at(NodeId at, ResourceId resource) const {
    NodeId const node = holder(at, resource);
    bool const here = at == node || carrier(node) == at;
    return here && nodes_[node.value].up() && this->resource(node, resource).runs;
}

void World::set_resource_faults(NodeId at, ResourceId resource, ResourceFaults const& faults) {
    NodeId const node = holder(at, resource);
    std::vector<NodeId> const& servers = cluster_->nodes[node.value].shared_by;
    for (std::size_t s = 0; s < 2; ++s) {
        if (at == node || servers[s] == at) resource_of(node, resource).faults[s] = faults;
    }
    see(seen::ResourceFaulted{node, resource, faults, false, at});
}

/// Found at the next health check.
void World::fail_resource(NodeId at, ResourceId resource) {
    VERIFY(runs_at(at, resource));
    NodeId const node = holder(at, resource);
    HierarchySim::Resource& sim = resource_of(node, resource);
    see(seen::ResourceFaulted{node, resource, faults_of(node, resource), true, at});
    if (sim.failed) return;
    sim.failed = true;
    check_later(node, resource);
}

}  // namespace sunder::netsim
