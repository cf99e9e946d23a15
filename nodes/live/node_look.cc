// SPDX-License-Identifier: BSD-3-Clause
//
// What is looked up where, under which lock or on which thread.
#include "nodes/live/node_look.h"

#include "nodes/live/state_names.h"

namespace sunder::live {

namespace mirror = replication;

namespace {

LegStatus look(mirror::MirrorMachine const& machine, mirror::Slot peer) {
    mirror::GroupConfig const& config = machine.config();
    mirror::Leg const& leg = machine.leg(peer);
    std::uint64_t const chunk_bytes = config.chunk_sectors * sector_bytes;
    LegStatus status;
    status.state = mirror::state_of(leg);
    status.synchronous = config.synchronous[peer.value];
    status.split = machine.split(peer);
    status.out_of_step_bytes = machine.log().bits(peer).count() * chunk_bytes;
    status.loss = machine.split_brain_loss(peer);
    status.limit = machine.asynchronous_limit();
    if (mirror::Channel const* const channel = mirror::channel_of(leg); channel != nullptr) {
        status.unconfirmed = channel->outstanding;
    }
    if (auto const* const resync = std::get_if<mirror::leg::Resyncing>(&leg); resync != nullptr) {
        status.resync_left_bytes =
            resync->need.count() * chunk_bytes + resync->in_flight * sector_bytes;
    }
    return status;
}

/// Children before their parents. To be called on the node's thread.
std::vector<AboveStatus> look_above(NodeDriver const& node, std::size_t place) {
    ResourceDriver const* const above = node.above(place);
    if (above == nullptr) return {};
    NodeSetup const& setup = node.setup();
    nodes::Hierarchy const& is = above->machine().hierarchy();
    auto const name = [&](ResourceId id) {
        return id.value < setup.resources.size() ? setup.resources[id.value].name : "?";
    };
    std::vector<AboveStatus> all;
    for (std::size_t const at : is.bottom_up()) {
        nodes::ProtectedResource const& one = is.resources()[at];
        AboveStatus made{
            name(one.id), nodes::name_of(one.kind), above->machine().state(one.id), {}};
        for (nodes::Dependency const& bond : is.dependencies()) {
            if (bond.parent != one.id) continue;
            made.needs.push_back(bond.child ? name(*bond.child) : setup.mirrors[place].name);
        }
        all.push_back(std::move(made));
    }
    return all;
}

}  // namespace

MirrorStatus look(NodeDriver& node, std::size_t place) {
    GroupDriver& group = node.mirror(place);
    mirror::GroupConfig const& config = group.setup().config;
    GroupDriver::Holding const holding = group.holding();
    mirror::PerCopy<GroupDriver::Traffic> const traffic = group.traffic();
    return group.look_at([&](mirror::MirrorMachine const& machine) {
        MirrorStatus status{machine.open(), machine.open_apart(), machine.cell(), {}, holding};
        if (status.cell.fallback.current) status.image = group.image();
        for (std::uint8_t s = 0; s < config.copies; ++s) {
            mirror::Slot const slot{s};
            // Where the mirror is not extended to, there is no leg (R4).
            if (slot == config.self || (machine.peers() & mirror::bit_of(slot)) == 0) continue;
            LegStatus& leg = status.legs.emplace_back(look(machine, slot));
            leg.peer = node.setup().members[config.nodes[s].value].name;
            leg.awaited = (holding.now.awaited & mirror::bit_of(slot)) != 0;
            leg.traffic = traffic[s];
        }
        return status;
    });
}

NodeLook look(NodeDriver& node) {
    NodeLook seen;
    node.look_at([&](nodes::NodeMachine const& machine) {
        for (std::size_t r = 0; r < node.setup().mirrors.size(); ++r) {
            seen.rules.push_back(machine.last_rule(r));
            seen.orders.push_back(node.last_order(r));
            seen.above.push_back(look_above(node, r));
        }
        for (NodeId const peer : node.setup().config.peers) {
            seen.connected.push_back(machine.members().connected(peer));
        }
        seen.quorum = nodes::text_of(machine.members().quorum()).name;
        seen.has_quorum = nodes::has_quorum(machine.members().quorum());
    });
    return seen;
}

std::string_view in_one_word(MirrorStatus const& status,
                             std::optional<mirror::RuleText> const& rule) {
    // Two that both stay out of service over it have no leg that says so.
    if (!status.open && rule && rule->name == "split_brain") return split_brain_state;
    bool all = true;
    bool resyncing = false;
    bool paused = false;
    for (LegStatus const& leg : status.legs) {
        if (leg.split) return split_brain_state;
        all = all && leg.state == mirror::LegState::mirroring;
        resyncing = resyncing || leg.state == mirror::LegState::resyncing;
        paused = paused || leg.state == mirror::LegState::paused;
    }
    if (status.open && all) return "fully operational";
    if (resyncing) return "resyncing";
    if (paused) return "paused";
    if (status.open) return "out of sync";
    return all || status.cell.data == mirror::DataState::up_to_date ? "target" : "out of service";
}

bool is_up(AboveStatus const& one) {
    return std::holds_alternative<nodes::hierarchy::resource::InService>(one.state);
}

}  // namespace sunder::live
