// SPDX-License-Identifier: BSD-3-Clause
//
// What is done to a world from outside: boots, deaths, pauses and full memory.
#include "base/verify.h"
#include "netsim/world.h"
#include "replication/cell_codec.h"

#include <algorithm>

namespace sunder::netsim {

namespace {

char const* name_of(seen::NodeDied::How how) {
    switch (how) {
        case seen::NodeDied::How::crash:
            return "CRASH";
        case seen::NodeDied::How::power_cut:
            return "POWER CUT";
        case seen::NodeDied::How::panic:
            return "PANIC";
        case seen::NodeDied::How::stopped:
            return "STOPPED";
    }
    return "";
}

}  // namespace

void World::start_all() {
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        if (cluster_->nodes[n].started && !shares_a_disk(NodeId{n})) boot(NodeId{n});
    }
}

void World::boot(NodeId node, bool continues) {
    NodeSim& sim = nodes_[node.value];
    VERIFY(!sim.up());
    for (CopySim const& copy : sim.copies) {
        if (replication::may_start_with(copy.slot, copy.kept_by)) continue;
        trace(node, "does NOT start with another's disks");
        see(seen::StartRefused{node, cluster_->mirrors[copy.group].on[copy.kept_by.value]});
        return;
    }
    sim.machine.emplace(sim.config);
    see(seen::NodeStarted{node});
    trace(node, "started");
    nodes::input::Started started;
    started.continues = continues;
    for (CopySim const& copy : sim.copies) {
        if (copy.above.stored.version != 0) started.changed.push_back(copy.above.stored);
    }
    step_node(node, started);
    for (SharerSim& one : sim.shares) {
        bool const first = cluster_->nodes[one.shared.value].shared_by.front() == node;
        one.machine.emplace(first);
    }
    tell_sharers(node, nodes::shared_disk::input::Started{});
    // Named by node and boot alone, so that histories which differ in their order only meet again.
    std::uint64_t const nonce = (node.value + 1ULL) << 24 | sim.life;
    for (CopySim& copy : sim.copies) {
        copy.machine.emplace(copy.config);
        step_mirror(node, copy,
                    replication::input::Started{copy.store->cell(), copy.store->pages(), nonce,
                                                copy.disk->keeps_image()});
        if (copy.above.hierarchy) copy.above.machine.emplace(copy.above.present());
    }
    drain_locals();
    update_watchers();
    for (std::size_t c = 0; c < connections_.size(); ++c) {
        Connection& connection = connections_[c].edit();
        for (unsigned end = 0; end < 2; ++end) {
            if (connection.ends[end].node != node) continue;
            // A peer that still believes in the old life is answered with a reset.
            End& other = connection.ends[1 - end];
            if (other.up && network_.reaches(node.value, other.node.value)) {
                send_on(c, 1 - end, Closed{}, 64, other.life);
            }
            schedule_connect(c, cluster_->detection.reconnect);
        }
    }
}

/// What was being stored of a hierarchy is there or not.
void World::die_above(HierarchySim& above, NodeId node) {
    for (nodes::StoredHierarchy const& one : above.storing) {
        if (choose(2, Choice::stored, node.value) == 0) continue;
        std::shared_ptr<nodes::Hierarchy const> const before = above.present();
        above.stored = one;
        if (before) change_hierarchy(above, *before, *one.is);
    }
    above.storing.clear();
    // Nothing runs any more; what was wrong with it will be wrong again.
    for (HierarchySim::Resource& resource : above.resources) {
        resource.runs = resource.failed = false;
    }
}

void World::die(NodeId node, seen::NodeDied::How how) {
    NodeSim& sim = nodes_[node.value];
    VERIFY(sim.up());
    for (NodeId const carried : carried_by(node)) die(carried, how);
    bool const silent = seen::loses_cache(how);
    // A shared disk keeps its power, and its cache, when a server loses both.
    if (silent && shares_a_disk(node)) how = seen::NodeDied::How::crash;
    bool const power = how == seen::NodeDied::How::power_cut;
    bool const panics = how == seen::NodeDied::How::panic;
    SimDisk::Choose const torn = [&](std::uint64_t n) {
        return choose(n, Choice::torn, node.value);
    };
    FateCount fates;
    for (CopySim& copy : sim.copies) {
        SimDisk& disk = copy.disk.edit();
        FateCount const some = power    ? disk.power_cut(torn)
                               : panics ? disk.panic(torn)
                                        : disk.crash(torn);
        fates.as_new += some.as_new;
        fates.as_old += some.as_old;
        fates.torn += some.torn;
        fates.broken += some.broken;
        std::vector<Spoilt> broken = copy.disk.edit().take_broken_promises();
        if (!broken.empty()) see_lie(node, copy, DiskLie::ignored_flush, std::move(broken));
        copy.store.edit().die(
            [&](std::uint64_t n) { return choose(n, Choice::stored, node.value); });
        copy.machine.reset();
        copy.above.machine.reset();
        die_above(copy.above, node);
        ++copy.settle_token;
        ++copy.pace_token;
        ++copy.rest_token;
    }
    fates_.as_new += fates.as_new;
    fates_.as_old += fates.as_old;
    fates_.torn += fates.torn;
    fates_.broken += fates.broken;
    sim.machine.reset();
    for (SharerSim& one : sim.shares) one.machine.reset();
    ++sim.life;
    sim.paused = false;
    sim.deferred.clear();
    sim.hung.clear();
    sim.memory_full = false;
    sim.unread.clear();
    sim.held.clear();
    sim.late_until = {};
    trace(node, name_of(how));
    see(seen::NodeDied{how, node, fates});
    connections_of_dead(node, silent);
    for (std::uint8_t peer = 0; peer < nodes_.size(); ++peer) {
        for (std::uint8_t path = 0; path < paths(); ++path) {
            Watcher& mine = watcher(node, NodeId{peer}, PathId{path});
            if (mine.lost != 0) forget_lost_beats(node, NodeId{peer}, PathId{path});
            mine = Watcher{false, false, false, mine.token + 1, 0, {}};
        }
    }
    update_watchers();
}

void World::crash(NodeId node) { die(node, seen::NodeDied::How::crash); }
void World::power_cut(NodeId node) { die(node, seen::NodeDied::How::power_cut); }
void World::panic(NodeId node) { die(node, seen::NodeDied::How::panic); }

void World::restart(NodeId node) { boot(node); }

/// R69: nothing is written back.
void World::stop(NodeId node, bool reboots) {
    die(node, seen::NodeDied::How::power_cut);
    if (reboots) boot_later(node);
}

void World::boot_later(NodeId node) {
    queue_.push(now_ + cluster_->boot_time,
                {EventKind::boot, node.value, 0, 0, nodes_[node.value].life});
}

/// The device does what it was told to, whatever has become of the shooter meanwhile.
void World::shot(NodeId shooter, NodeId victim, std::uint32_t life) {
    victim = carrier(victim).value_or(victim);
    NodeSim& target = nodes_[victim.value];
    bool const hits = !target.shots_miss;
    if (hits && target.up()) die(victim, seen::NodeDied::How::power_cut);
    if (hits && cluster_->fencing->reboots) boot_later(victim);
    queue_.push(
        now_, {EventKind::fenced, shooter.value, 0, victim.value | std::uint32_t{hits} << 8, life});
}

void World::set_fencing(NodeId victim, bool works) {
    nodes_[victim.value].shots_miss = !works;
    see(seen::FencingFaulted{victim, works});
}

void World::pause(NodeId node) {
    NodeSim& sim = nodes_[node.value];
    VERIFY(sim.up() && !sim.paused);
    sim.paused = true;
    sim.paused_at = now_;
    trace(node, "PAUSED");
    for (NodeId const carried : carried_by(node)) {
        if (!nodes_[carried.value].paused) pause(carried);
    }
    see(seen::NodePaused{node});
    update_watchers();
    check_stalls();
}

void World::resume(NodeId node) {
    NodeSim& sim = nodes_[node.value];
    VERIFY(sim.paused);
    sim.paused = false;
    trace(node, "RESUMED");
    for (NodeId const carried : carried_by(node)) {
        if (nodes_[carried.value].paused) resume(carried);
    }
    see(seen::NodeResumed{node});
    // Expired timers come before anything else, so that a zombie learns first how long it was away.
    Detection const& detection = cluster_->detection;
    if (now_ - sim.paused_at >= detection.interval * detection.missed) {
        for (std::uint8_t path = 0; path < paths(); ++path) {
            for (std::uint8_t peer = 0; peer < nodes_.size(); ++peer) {
                bool const told = watcher(node, NodeId{peer}, PathId{path}).told;
                if (told) silent(node, NodeId{peer}, PathId{path});
            }
        }
        // What was missed by standing still proves nothing about the other.
        std::erase_if(locals_, [&](Local const& local) {
            return local.node == node.value && std::holds_alternative<ToSharer>(local.what);
        });
        tell_sharers(node, nodes::shared_disk::input::StoodStill{});
    }
    for (bool const timers : {true, false}) {
        for (Event const& event : sim.deferred) {
            if (is_timer(event.kind) == timers) queue_.push(now_, event);
        }
    }
    sim.deferred.clear();
    drain_locals();
    update_watchers();
    check_stalls();
}

void World::fill_memory(NodeId node) {
    VERIFY(nodes_[node.value].up());
    nodes_[node.value].memory_full = true;
    trace(node, "its memory is FULL");
    see(seen::MemoryPressed{node, true});
    for (NodeId const carried : carried_by(node)) nodes_[carried.value].memory_full = true;
}

void World::free_memory(NodeId node) {
    trace(node, "it has memory again");
    see(seen::MemoryPressed{node, false});
    take_in(node);
    for (NodeId const carried : carried_by(node)) take_in(carried);
    drain_locals();
}

void World::take_in(NodeId node) {
    NodeSim& sim = nodes_[node.value];
    sim.memory_full = false;
    for (Event const& event : std::exchange(sim.unread, {})) queue_.push(now_, event);
    for (HeldRequest& one : std::exchange(sim.held, {})) {
        CopySim& copy = *find_copy(node, one.group);
        // It came in service while the host waited, and takes the request after all.
        if (!one.accepted && copy.machine->open()) {
            see(seen::HostAsked{one.asked.request, node, GroupId{one.group}, one.asked.op,
                                one.asked.fua, one.asked.range, one.content, true,
                                copy.machine->open_apart()});
        }
        step_mirror(node, copy, std::move(one.asked));
    }
}

bool World::any_memory_full(GroupId group) const {
    return std::ranges::any_of(cluster_->mirrors[group.value].on,
                               [&](NodeId node) { return nodes_[node.value].memory_full; });
}

}  // namespace sunder::netsim
