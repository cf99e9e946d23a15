// SPDX-License-Identifier: BSD-3-Clause
//
// What is looked up where, under which lock or on which thread.
#include "nodes/live/node_look.h"

#include "nodes/live/state_names.h"

namespace sunder::live {

namespace mirror = replication;

namespace {

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
    return group.look_at([&](mirror::MirrorMachine const& machine) {
        MirrorStatus status{machine.open(), machine.open_apart(), machine.cell(), {}, holding};
        for (std::uint8_t s = 0; s < config.copies; ++s) {
            mirror::Slot const slot{s};
            // Where the mirror is not extended to, there is no leg (R4).
            if (slot == config.self || (machine.peers() & mirror::bit_of(slot)) == 0) continue;
            status.legs.push_back(
                {node.setup().members[config.nodes[s].value].name,
                 mirror::state_of(machine.leg(slot)), config.synchronous[s], machine.split(slot),
                 (holding.now.awaited & mirror::bit_of(slot)) != 0,
                 machine.log().bits(slot).count() * config.chunk_sectors * sector_bytes,
                 machine.split_brain_loss(slot)});
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
