// SPDX-License-Identifier: BSD-3-Clause
//
// Disks that two servers share (A.17). The copies on one are a node of their own, which runs on
// whichever server has reserved the disk, and is found in the network where that is. The disk
// survives both; a server that loses its reservation stops at once.
#include "base/verify.h"
#include "netsim/world.h"

#include <algorithm>

namespace sunder::netsim {

namespace disk = nodes::shared_disk;

std::optional<NodeId> World::carrier(NodeId node) const {
    if (!shares_a_disk(node)) return node;
    return nodes_[node.value].up() ? nodes_[node.value].reserved : std::nullopt;
}

NodeId World::other_sharer(NodeId server, NodeId shared) const {
    std::vector<NodeId> const& servers = cluster_->nodes[shared.value].shared_by;
    return servers[0] == server ? servers[1] : servers[0];
}

boost::container::small_vector<NodeId, 4> World::carried_by(NodeId server) const {
    boost::container::small_vector<NodeId, 4> found;
    for (SharerSim const& one : nodes_[server.value].shares) {
        NodeSim const& shared = nodes_[one.shared.value];
        if (shared.up() && shared.reserved == server) found.push_back(one.shared);
    }
    return found;
}

void World::tell_sharers(NodeId server, disk::Input const& input, std::optional<NodeId> about) {
    for (SharerSim& one : nodes_[server.value].shares) {
        if (about && other_sharer(server, one.shared) != *about) continue;
        locals_.push_back({server.value, 0, ToSharer{one.shared, input}});
    }
}

/// Whether it failed is in what it beats.
void World::sharer_heard(NodeId server, NodeId other) {
    for (SharerSim const& one : nodes_[server.value].shares) {
        if (other_sharer(server, one.shared) != other) continue;
        disk::input::PeerHeard const heard{says_it_failed(other, one.shared)};
        locals_.push_back({server.value, 0, ToSharer{one.shared, heard}});
    }
}

bool World::says_it_failed(NodeId server, NodeId shared) const {
    return std::ranges::any_of(nodes_[server.value].shares, [&](SharerSim const& one) {
        return one.shared == shared && one.machine && one.machine->failed_here();
    });
}

void World::step_sharer(NodeId server, NodeId shared, disk::Input const& input) {
    confined_ = false;
    for (SharerSim& one : nodes_[server.value].shares) {
        if (one.shared != shared || !one.machine) continue;
        disk::Outbox out;
        ++steps_;
        one.machine.edit().step(input, out);
        trace_.add(one.machine->fingerprint());
        for (disk::Output const& output : out) carry_out(server, shared, output);
        return;
    }
}

void World::carry_out(NodeId server, NodeId shared, disk::Output const& output) {
    struct Carry {
        World& world;
        NodeId server;
        NodeId shared;
        void operator()(disk::output::Reserve const& out) const {
            bool const granted = world.reserve(server, shared, out.how);
            world.locals_.push_back(
                {server.value, 0, ToSharer{shared, disk::input::Reserved{granted}}});
        }
        void operator()(disk::output::Carry const& out) const {
            world.carry(server, shared, out.continues);
        }
        void operator()(disk::output::StandDown const&) const {
            world.locals_.push_back({shared.value, 0, nodes::Input{nodes::input::StandDown{}}});
        }
        void operator()(disk::output::Stay const&) const {
            world.locals_.push_back({shared.value, 0, nodes::Input{nodes::input::NoOtherServer{}}});
        }
        void operator()(disk::output::HandOver const& out) const {
            world.die(shared, seen::NodeDied::How::stopped);
            world.nodes_[shared.value].reserved.reset();
            NodeId const other = world.other_sharer(server, shared);
            bool const told =
                world.runs(other) && world.network_.reaches(server.value, other.value);
            NodeId const next = told ? other : server;
            disk::input::HandedOver const handed{out.failed, !told};
            world.locals_.push_back({next.value, 0, ToSharer{shared, handed}});
        }
        void operator()(disk::output::Reply const& out) const {
            world.see(seen::AdminAnswered{out.request, server, out.rule == disk::MoveRule::granted,
                                          disk::text_of(out.rule).name});
        }
        void operator()(disk::output::Noted const& out) const {
            world.see(seen::SharedDiskNoted{server, shared, out.note});
        }
    };
    std::visit(Carry{*this, server, shared}, output);
}

/// Whoever loses a reservation finds out by a conflict at its next access, and stops (R69: nothing
/// is written back).
bool World::reserve(NodeId server, NodeId shared, disk::Decision::Answer how) {
    using Answer = disk::Decision::Answer;
    NodeSim& sim = nodes_[shared.value];
    if (sim.reserved && *sim.reserved != server) {
        bool const used = runs(*sim.reserved) && sim.up();
        bool const takes = how == Answer::take || (how == Answer::take_from_dead && !used);
        if (!takes) return false;
        NodeId const loser = *sim.reserved;
        if (sim.up()) die(shared, seen::NodeDied::How::crash);
        if (nodes_[loser.value].up()) {
            queue_.push(now_, {EventKind::stop, loser.value, 0, 1, nodes_[loser.value].life});
        }
    }
    sim.reserved = server;
    return true;
}

void World::carry(NodeId server, NodeId shared, bool continues) {
    NodeSim& sim = nodes_[shared.value];
    VERIFY(sim.reserved == server && !sim.up());
    network_.stand(shared.value, server.value);
    sim.paused = false;
    sim.memory_full = nodes_[server.value].memory_full;
    // Who was looking on cannot know how far the other had come; the disk does.
    sim.in_service = sim.in_service && continues;
    boot(shared, sim.in_service);
    routes_changed();
}

bool World::hears_others(NodeId server, NodeId sharer) const {
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        NodeId const other{n};
        bool const counts = other != server && other != sharer && !shares_a_disk(other);
        if (counts && runs(other) && network_.reaches(n, server.value)) return true;
    }
    return false;
}

/// Standing down is no end of service.
void World::note_service(NodeId shared, nodes::Note const& note) {
    NodeSim& sim = nodes_[shared.value];
    if (std::holds_alternative<nodes::note::CameInService>(note)) sim.in_service = true;
    bool const left = std::holds_alternative<nodes::note::LeftService>(note);
    if (left && !sim.machine->stands_down()) sim.in_service = false;
}

nodes::AdminId World::move_shared_disk(NodeId shared, NodeId server) {
    VERIFY(runs(server));
    nodes::AdminId const request{next_admin_++};
    seen::OperatorAsked asked{seen::OperatorAsked::What::move_shared_disk, request, server, {}};
    asked.dead = shared;
    see(asked);
    step_sharer(server, shared, disk::input::Move{request});
    drain_locals();
    return request;
}

}  // namespace sunder::netsim
