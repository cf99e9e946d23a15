// SPDX-License-Identifier: BSD-3-Clause
//
// What goes wrong with the disks of a node from outside: operations that fail or hang, lies, and
// what somebody puts back. Clocks are here, too: they are the other thing of a node that can be
// wrong while it runs.
#include "base/verify.h"
#include "netsim/world.h"
#include "replication/blank.h"

#include <algorithm>
#include <utility>

namespace sunder::netsim {

bool World::hangs(NodeId node, CopySim const& copy, EventKind kind, std::uint32_t place) {
    if (!copy.disk->faults.hangs) return false;
    NodeSim& sim = nodes_[node.value];
    sim.hung.push_back({kind, node.value, copy.group, place, sim.life});
    return true;
}

void World::see_lie(NodeId node, CopySim const& copy, DiskLie how, std::vector<Spoilt> spoilt) {
    if (how == DiskLie::wrong_read || how == DiskLie::bit_rot) ++next_rotten_;
    trace(node, "its disk LIES");
    see(seen::DiskLied{node, GroupId{copy.group}, how, std::move(spoilt)});
}

void World::set_disk_faults(NodeId node, DiskFaults const& faults) {
    NodeSim& sim = nodes_[node.value];
    for (CopySim& copy : sim.copies) {
        if (faults.healthy()) {
            copy.disk.edit().mend();
        } else {
            copy.disk.edit().faults = faults;
        }
    }
    see(seen::DiskFaulted{node, faults});
    if (faults.hangs) return;
    for (Event const& event : std::exchange(sim.hung, {})) queue_.push(now_, event);
}

void World::lay_trap(NodeId node, std::optional<GroupId> group, DiskTrap const& trap) {
    for (CopySim& copy : nodes_[node.value].copies) {
        if (!group || copy.group == group->value) copy.disk.edit().lay(trap);
    }
    see(seen::DiskTrapped{node, group, trap});
}

void World::rot(NodeId node, GroupId group, Extent range) {
    CopySim* held = find_copy(node, group.value);
    VERIFY(held != nullptr);
    std::uint64_t const rotten = next_rotten_;
    held->disk.edit().rot(range, rotten);
    see_lie(node, *held, DiskLie::bit_rot, {{range, rotten_there(range, rotten)}});
}

NodeSnapshot World::take_snapshot(NodeId node) {
    NodeSnapshot snapshot;
    for (CopySim const& copy : nodes_[node.value].copies) {
        snapshot.copies.push_back({copy.disk->image(), copy.store->at_rest(), copy.above.stored});
    }
    see(seen::SnapshotTaken{node});
    return snapshot;
}

void World::roll_back(NodeId node, NodeSnapshot const& snapshot, seen::RolledBack::What what) {
    using What = seen::RolledBack::What;
    NodeSim& sim = nodes_[node.value];
    VERIFY(!sim.up() && snapshot.copies.size() == sim.copies.size());
    for (std::size_t c = 0; c < sim.copies.size(); ++c) {
        CopySim& copy = sim.copies[c];
        NodeSnapshot::Copy const& once = snapshot.copies[c];
        if (what != What::metadata) {
            SimDisk& disk = copy.disk.edit();
            Image const before = disk.image();
            disk.replace(once.content);
            std::vector<Spoilt> spoilt = disk.differences_from(before);
            if (!spoilt.empty()) see_lie(node, copy, DiskLie::old_data, std::move(spoilt));
        }
        if (what == What::data) continue;
        copy.store.emplace(once.store);
        copy.kept_by = copy.slot;
        std::shared_ptr<nodes::Hierarchy const> const before = copy.above.present();
        copy.above.stored = once.above;
        std::shared_ptr<nodes::Hierarchy const> const after = copy.above.present();
        if (before && after) change_hierarchy(copy.above, *before, *after);
    }
    see(seen::RolledBack{what, node});
}

void World::replace_disks(NodeId node) {
    NodeSim& sim = nodes_[node.value];
    VERIFY(!sim.up());
    for (CopySim& copy : sim.copies) {
        copy.disk.edit().replace(Image(copy.disk->image().sectors()));
        // Nobody creates a mirror anew because a disk is blank (R91). What stands on it, and where,
        // is on a disk of the node's own.
        copy.store.emplace(
            std::make_shared<replication::Cell const>(replication::blank_target(*copy.config)));
        copy.kept_by = copy.slot;
    }
    see(seen::RolledBack{seen::RolledBack::What::blank, node});
}

void World::exchange_disks(NodeId one, NodeId other) {
    VERIFY(one != other && !nodes_[one.value].up() && !nodes_[other.value].up());
    for (CopySim& mine : nodes_[one.value].copies) {
        CopySim* const its = find_copy(other, mine.group);
        if (its == nullptr) continue;
        std::swap(mine.disk, its->disk);
        std::swap(mine.store, its->store);
        std::swap(mine.kept_by, its->kept_by);
    }
    see(seen::DisksExchanged{one, other});
}

void World::skew_clock(NodeId node, std::uint32_t percent) {
    VERIFY(percent > 0);
    nodes_[node.value].clock = percent;
    see(seen::ClockSkewed{node, percent});
}

void World::step_clock(NodeId node, Duration by) {
    VERIFY(by != Duration{});
    trace(node, by > Duration{} ? "its clock steps FORWARD" : "its clock steps BACK");
    see(seen::ClockStepped{node, by});
    step_timers(node, by);
    for (NodeId const carried : carried_by(node)) step_timers(carried, by);
    drain_locals();
    update_watchers();
}

/// What is due by the clock as it is now comes at once, in the order in which it would have come.
void World::step_timers(NodeId node, Duration by) {
    NodeSim& sim = nodes_[node.value];
    if (!sim.up()) return;  // it waits for nothing
    sim.late_until = std::max(now_, sim.late_until) - by;
    if (sim.paused) sim.paused_at = sim.paused_at - by;
    std::vector<EventQueue::Pending> timers;
    queue_.for_each_pending([&](EventQueue::Pending const& pending) {
        Event const& event = pending.event;
        bool const its = event.node == node.value && is_timer(event.kind);
        if (its && event.kind != EventKind::silent && current(event)) timers.push_back(pending);
    });
    std::ranges::sort(timers, [](auto const& a, auto const& b) { return a.due_before(b); });
    for (EventQueue::Pending const& timer : timers) {
        queue_.remove(timer);
        queue_.push(std::max(now_, timer.due - by), timer.event);
    }
    step_watches(node, by);
}

}  // namespace sunder::netsim
