// SPDX-License-Identifier: BSD-3-Clause
//
// Looking at a world through the eyes of a scenario.
#include "scenarios/language/condition.h"

#include "scenarios/language/array_condition.h"

#include <fmt/format.h>

namespace sunder::language {

namespace {

using netsim::World;
using replication::LegState;

template <class Visit>
void for_each_copy(World const& world, std::uint16_t mirror, Visit&& visit) {
    for (NodeId const node : world.cluster().mirrors[mirror].on) {
        netsim::CopySim const* copy = world.copy(node, GroupId{mirror});
        if (world.node(node).up()) visit(node, *copy);
    }
}

/// Counts the legs of all sources that satisfy `wanted`, and all of them.
template <class Wanted>
std::pair<unsigned, unsigned> legs(World const& world, std::uint16_t mirror, Wanted&& wanted) {
    unsigned matching = 0;
    unsigned all = 0;
    for_each_copy(world, mirror, [&](NodeId node, netsim::CopySim const& copy) {
        if (!world.serves(node, GroupId{mirror})) return;
        for (std::uint8_t peer = 0; peer < copy.config->copies; ++peer) {
            if ((copy.machine->peers() & replication::bit_of(replication::Slot{peer})) == 0)
                continue;
            ++all;
            if (wanted(replication::state_of(copy.machine->leg(replication::Slot{peer}))))
                ++matching;
        }
    });
    return {matching, all};
}

bool split(World const& world, std::uint16_t mirror) {
    bool found = false;
    for_each_copy(world, mirror, [&](NodeId node, netsim::CopySim const& copy) {
        for (std::uint8_t peer = 0; peer < copy.config->copies; ++peer) {
            if (replication::Slot{peer} == copy.slot) continue;
            found = found || copy.machine->split(replication::Slot{peer});
        }
        auto const& machine = *world.node(node).machine;
        for (std::size_t r = 0; r < machine.config().resources.size(); ++r) {
            if (machine.config().resources[r].group != GroupId{mirror}) continue;
            auto const decision = machine.last_decision(r);
            found = found || (decision && decision->answer == nodes::Answer::split_brain);
        }
    });
    return found;
}

/// True when a source has a leg that is paused and the target has stored it.
bool paused(World const& world, std::uint16_t mirror) {
    bool found = false;
    for_each_copy(world, mirror, [&](NodeId node, netsim::CopySim const& copy) {
        if (!world.serves(node, GroupId{mirror})) return;
        for (std::uint8_t peer = 0; peer < copy.config->copies; ++peer) {
            auto const* leg =
                std::get_if<replication::leg::Paused>(&copy.machine->leg(replication::Slot{peer}));
            found = found || (leg != nullptr && leg->confirmed);
        }
    });
    return found;
}

bool served(World const& world, std::uint16_t mirror) {
    bool found = false;
    for_each_copy(world, mirror, [&](NodeId node, netsim::CopySim const&) {
        found = found || world.serves(node, GroupId{mirror});
    });
    return found;
}

bool mirror_is(MirrorIs is, World const& world, std::uint16_t mirror) {
    auto const in = [&](LegState state) {
        return legs(world, mirror, [&](LegState leg) { return leg == state; });
    };
    auto const [mirroring, all] = in(LegState::mirroring);
    switch (is) {
        case MirrorIs::fully_operational:
        case MirrorIs::mirroring:
            return all > 0 && mirroring == all;
        case MirrorIs::handshaking:
            return in(LegState::handshaking).first > 0;
        case MirrorIs::resyncing:
            return in(LegState::resyncing).first > 0;
        case MirrorIs::degraded:
            return in(LegState::disconnected).first > 0 ||
                   (all == 0 && served(world, mirror));  // R4
        case MirrorIs::paused:
            return paused(world, mirror);
        case MirrorIs::split_brain:
            return split(world, mirror);
    }
    return false;
}

std::string_view name_of(FlagState::Which flag) {
    return flag == FlagState::Which::last_owner ? "last_owner" : "data_corrupt";
}

using Is = ResourceState::Is;

/// Nothing while it is on its way, or the node does not run.
std::optional<Is> resource_is(World const& world, NodeId node, ResourceId resource) {
    namespace state = nodes::hierarchy::resource;
    auto const found = world.state_of(node, resource);
    if (!found || world.node(node).paused) return std::nullopt;
    if (std::holds_alternative<state::InService>(*found)) return Is::in_service;
    if (std::holds_alternative<state::OutOfService>(*found)) return Is::out_of_service;
    if (std::holds_alternative<state::Failed>(*found)) return Is::failed;
    return std::nullopt;
}

std::string_view name_of(Is is) {
    static constexpr std::string_view names[] = {"in service", "out of service", "failed"};
    return names[static_cast<int>(is)];
}

struct Holds {
    World const& world;
    bool operator()(NodeRuns const& wanted) const {
        netsim::NodeSim const& node = world.node(wanted.node);
        return (node.up() && !node.paused) == wanted.runs;
    }
    bool operator()(ArrayState const& wanted) const { return language::holds(wanted, world); }
    bool operator()(QuorumState const& wanted) const {
        netsim::NodeSim const& node = world.node(wanted.node);
        return (node.up() && nodes::has_quorum(node.machine->members().quorum())) == wanted.held;
    }
    bool operator()(InServiceAt const& wanted) const {
        bool right = true;
        bool any = false;
        for (NodeId const node : world.cluster().mirrors[wanted.mirror].on) {
            bool const serves = wanted.above
                                    ? resource_is(world, node, *wanted.above) == Is::in_service
                                    : world.serves(node, GroupId{wanted.mirror});
            any = any || serves;
            bool const there = !wanted.server || world.carrier(node) == wanted.server;
            right = right && serves == (wanted.node && *wanted.node == node && there);
        }
        return right && any == wanted.node.has_value();
    }
    bool operator()(MirrorState const& wanted) const {
        return mirror_is(wanted.is, world, wanted.mirror);
    }
    bool operator()(ResourceState const& wanted) const {
        return resource_is(world, wanted.node, wanted.resource) == wanted.is;
    }
    bool operator()(Storing const& wanted) const {
        netsim::CopySim const* copy = world.copy(wanted.node, GroupId{wanted.mirror});
        return world.node(wanted.node).up() && !copy->store->idle();
    }
    bool operator()(FlagState const& wanted) const {
        netsim::CopySim const* copy = world.copy(wanted.node, GroupId{wanted.mirror});
        if (copy == nullptr) return false;
        // The flag is what a boot would find, whether or not the node runs.
        auto const cell = copy->store->cell();
        bool const last_owner = cell && cell->last_owner;
        bool const data_corrupt = cell && cell->data_corrupt;
        return (wanted.flag == FlagState::Which::last_owner ? last_owner : data_corrupt) ==
               wanted.set;
    }
};

/// Of a node that runs.
std::optional<replication::RuleText> last_rule(World const& world, NodeId node,
                                               std::uint16_t mirror) {
    auto const& machine = *world.node(node).machine;
    for (std::size_t r = 0; r < machine.config().resources.size(); ++r) {
        if (machine.config().resources[r].group == GroupId{mirror}) return machine.last_rule(r);
    }
    return std::nullopt;
}

/// ", data in service, db failed".
std::string above_in_words(World const& world, NodeId node, std::uint16_t mirror) {
    static constexpr char const* words[] = {"out of service",  "starting", "in service",
                                            "being recovered", "stopping", "failed"};
    std::string text;
    for (nodes::ProtectedResource const& one :
         world.cluster().mirrors[mirror].hierarchy.resources()) {
        if (auto const state = world.state_of(node, one.id)) {
            text += fmt::format(", {} {}", world.cluster().resources[one.id.value].name,
                                words[state->index()]);
        }
    }
    return text;
}

std::string node_in_words(World const& world, NodeId node, std::uint16_t mirror) {
    netsim::NodeSim const& sim = world.node(node);
    if (!sim.up()) return fmt::format("{} is down", sim.name);
    if (sim.paused) return fmt::format("{} is paused", sim.name);
    netsim::CopySim const* copy = world.copy(node, GroupId{mirror});
    std::string text =
        fmt::format("{} holds {} data", sim.name, replication::name_of(copy->machine->cell().data));
    if (world.serves(node, GroupId{mirror})) {
        text += " and has it in service";
        NodeId const server = *world.carrier(node);
        if (server != node) text += fmt::format(" on {}", world.node(server).name);
        for (std::uint8_t peer = 0; peer < copy->config->copies; ++peer) {
            if ((copy->machine->peers() & replication::bit_of(replication::Slot{peer})) == 0)
                continue;
            LegState const leg = replication::state_of(copy->machine->leg(replication::Slot{peer}));
            text += fmt::format(", leg to {} {}", world.node(copy->config->nodes[peer]).name,
                                replication::name_of(leg));
        }
        return text + above_in_words(world, node, mirror);
    }
    if (auto const rule = last_rule(world, node, mirror)) {
        text += fmt::format(" and is out of service: {} ({}: {})", rule->words, rule->name,
                            rule->cites);
    }
    return text;
}

/// The mirrors a condition speaks of; of a node all that it has a copy of.
std::vector<std::uint16_t> mirrors_of(Condition const& condition, World const& world) {
    std::vector<std::uint16_t> mirrors;
    std::visit(
        [&](auto const& wanted) {
            if constexpr (requires { wanted.mirror; }) {
                mirrors.push_back(wanted.mirror);
            } else if constexpr (requires { wanted.node; }) {
                for (netsim::CopySim const& copy : world.node(wanted.node).copies) {
                    mirrors.push_back(copy.group);
                }
            }
        },
        condition);
    return mirrors;
}

}  // namespace

std::string_view name_of(MirrorIs is) {
    switch (is) {
        case MirrorIs::fully_operational:
            return "fully operational";
        case MirrorIs::handshaking:
            return "handshaking";
        case MirrorIs::resyncing:
            return "resyncing";
        case MirrorIs::mirroring:
            return "mirroring";
        case MirrorIs::degraded:
            return "degraded";
        case MirrorIs::paused:
            return "paused";
        case MirrorIs::split_brain:
            return "split brain";
    }
    return "";
}

bool holds(Condition const& condition, World const& world) {
    return std::visit(Holds{world}, condition);
}

std::string in_words(Condition const& condition, netsim::Cluster const& cluster) {
    struct Words {
        netsim::Cluster const& cluster;
        std::string operator()(InServiceAt const& wanted) const {
            std::string const& mirror = wanted.above ? cluster.resources[wanted.above->value].name
                                                     : cluster.mirrors[wanted.mirror].name;
            if (!wanted.node) return fmt::format("{} in service nowhere", mirror);
            return fmt::format("{} in service on {}", mirror,
                               cluster.nodes[wanted.server.value_or(*wanted.node).value].name);
        }
        std::string operator()(ArrayState const& wanted) const {
            return language::in_words(wanted, cluster);
        }
        std::string operator()(MirrorState const& wanted) const {
            return fmt::format("{} {}", cluster.mirrors[wanted.mirror].name, name_of(wanted.is));
        }
        std::string operator()(NodeRuns const& wanted) const {
            return fmt::format("{} {}", cluster.nodes[wanted.node.value].name,
                               wanted.runs ? "running" : "down");
        }
        std::string operator()(QuorumState const& wanted) const {
            return fmt::format("{} {} quorum", cluster.nodes[wanted.node.value].name,
                               wanted.held ? "with" : "without");
        }
        std::string operator()(ResourceState const& wanted) const {
            return fmt::format("{} {} on {}", cluster.resources[wanted.resource.value].name,
                               name_of(wanted.is), cluster.nodes[wanted.node.value].name);
        }
        std::string operator()(Storing const& wanted) const {
            return fmt::format("{} storing what {} needs to remember",
                               cluster.nodes[wanted.node.value].name,
                               cluster.mirrors[wanted.mirror].name);
        }
        std::string operator()(FlagState const& wanted) const {
            return fmt::format(
                "{} {} on {} for {}", name_of(wanted.flag), wanted.set ? "set" : "not set",
                cluster.nodes[wanted.node.value].name, cluster.mirrors[wanted.mirror].name);
        }
    };
    return std::visit(Words{cluster}, condition);
}

std::string instead(Condition const& condition, World const& world) {
    if (auto const* const wanted = std::get_if<ArrayState>(&condition)) {
        return array_in_words(world, wanted->array);
    }
    std::string text;
    auto const add = [&](std::string const& more) { text += (text.empty() ? "" : "; ") + more; };
    NodeId const* of = nullptr;
    if (auto const* runs = std::get_if<NodeRuns>(&condition)) of = &runs->node;
    if (auto const* quorum = std::get_if<QuorumState>(&condition)) of = &quorum->node;
    if (of != nullptr) {
        netsim::NodeSim const& sim = world.node(*of);
        std::string const state = !sim.up() ? "is down" : sim.paused ? "is paused" : "runs";
        add(fmt::format("{} {}", sim.name, state));
        if (sim.up()) add(std::string(nodes::text_of(sim.machine->members().quorum()).words));
        return text;
    }
    for (std::uint16_t const mirror : mirrors_of(condition, world)) {
        for (NodeId const node : world.cluster().mirrors[mirror].on) {
            add(node_in_words(world, node, mirror));
        }
    }
    return text;
}

bool decided_by(std::string const& rule, Condition const& condition, World const& world) {
    bool found = false;
    for (std::uint16_t const mirror : mirrors_of(condition, world)) {
        for_each_copy(world, mirror, [&](NodeId node, netsim::CopySim const&) {
            if (auto const last = last_rule(world, node, mirror))
                found = found || last->name == rule;
        });
    }
    return found;
}

}  // namespace sunder::language
