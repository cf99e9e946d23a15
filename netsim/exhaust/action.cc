// SPDX-License-Identifier: BSD-3-Clause
//
// The list of what may happen, and its doing.
#include "netsim/exhaust/action.h"

#include "base/verify.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

constexpr GroupId the_mirror{0};
using Kind = Action::Kind;

void add_host(std::vector<Action>& all, World const& world, Bounds const& bounds,
              Amounts const& spent, NodeId node) {
    if (!world.serves(node, the_mirror)) return;
    if (spent.writes < bounds.most.writes) {
        for (std::uint16_t block = 0; block < bounds.blocks; ++block) {
            all.push_back({Kind::write, node, block, {}});
        }
    }
    if (spent.flushes < bounds.most.flushes) all.push_back({Kind::flush, node, 0, {}});
}

void add_faults(std::vector<Action>& all, World const& world, Bounds const& bounds,
                Amounts const& spent, NodeId node) {
    Amounts const& most = bounds.most;
    if (!world.node(node).up()) {
        all.push_back({Kind::restart, node, 0, {}});
        return;
    }
    if (spent.faults() >= bounds.faults) return;
    if (spent.crashes < most.crashes) all.push_back({Kind::crash, node, 0, {}});
    if (spent.power_cuts < most.power_cuts) all.push_back({Kind::power_cut, node, 0, {}});
    bool const serves = world.serves(node, the_mirror);
    if (spent.forces < most.forces && !serves) all.push_back({Kind::force, node, 0, {}});
    if (spent.switchovers < most.switchovers && !serves) {
        all.push_back({Kind::switch_over, node, 0, {}});
    }
}

void add_links(std::vector<Action>& all, World const& world, Bounds const& bounds,
               Amounts const& spent) {
    auto const& links = world.cluster().links;
    for (std::uint16_t l = 0; l < links.size(); ++l) {
        if (world.network().is_cut(links[l].a, links[l].b)) {
            all.push_back({Kind::heal, {}, l, {}});
        } else if (spent.cuts < bounds.most.cuts && spent.faults() < bounds.faults) {
            all.push_back({Kind::cut, {}, l, {}});
        }
    }
    auto const& on = world.cluster().mirrors.front().on;
    if (spent.resets < bounds.most.resets && spent.faults() < bounds.faults) {
        for (std::uint16_t p = 1; p < on.size(); ++p) all.push_back({Kind::reset, on[0], p, {}});
    }
}

}  // namespace

void list_actions(World const& world, Bounds const& bounds, Amounts const& spent,
                  std::vector<Action>& all) {
    all.clear();
    for (EventQueue::Pending const& event : world.enabled(bounds.timing)) {
        all.push_back({Kind::event, {}, 0, event});
    }
    for (NodeId const node : world.cluster().mirrors.front().on) {
        add_host(all, world, bounds, spent, node);
    }
    for (NodeId const node : world.cluster().mirrors.front().on) {
        add_faults(all, world, bounds, spent, node);
    }
    add_links(all, world, bounds, spent);
}

bool has_fates(Action const& action) {
    return action.kind == Kind::crash || action.kind == Kind::power_cut;
}

void perform(World& world, Action const& action, std::vector<std::uint8_t> picks, Amounts& spent) {
    world.chooser().follow(std::move(picks));
    NodeId const node = action.node;
    auto const& links = world.cluster().links;
    auto const& on = world.cluster().mirrors.front().on;
    switch (action.kind) {
        case Kind::event:
            world.apply(action.event);
            return;
        case Kind::write:
            ++spent.writes;
            world.ask(node, the_mirror, replication::HostOp::write, {action.where, 1}, false,
                      world.fresh_content());
            return;
        case Kind::flush:
            ++spent.flushes;
            world.ask(node, the_mirror, replication::HostOp::flush, {}, false, 0);
            return;
        case Kind::crash:
            ++spent.crashes;
            world.crash(node);
            return;
        case Kind::power_cut:
            ++spent.power_cuts;
            world.power_cut(node);
            return;
        case Kind::restart:
            world.restart(node);
            return;
        case Kind::cut:
            ++spent.cuts;
            world.cut(links[action.where].a, links[action.where].b, false);
            return;
        case Kind::heal:
            world.heal(links[action.where].a, links[action.where].b);
            return;
        case Kind::reset:
            ++spent.resets;
            world.reset(node, on[action.where], false);
            return;
        case Kind::force:
            ++spent.forces;
            world.force_online(node, the_mirror);
            return;
        case Kind::switch_over:
            ++spent.switchovers;
            world.switch_over(node, the_mirror);
            return;
    }
}

bool next_picks(std::vector<std::uint8_t>& picks, std::vector<std::uint8_t> const& asked) {
    picks.resize(asked.size());
    while (!picks.empty()) {
        if (picks.back() + 1 < asked[picks.size() - 1]) {
            ++picks.back();
            return true;
        }
        picks.pop_back();
    }
    return false;
}

std::string in_words(World const& world, Action const& action) {
    std::string const& node = world.node(action.node).name;
    auto const& links = world.cluster().links;
    auto const vertex = [&](Vertex v) {
        std::size_t const nodes = world.cluster().nodes.size();
        return v < nodes ? world.cluster().nodes[v].name : world.cluster().switches[v - nodes];
    };
    auto const link = [&] {
        return fmt::format("{} - {}", vertex(links[action.where].a), vertex(links[action.where].b));
    };
    switch (action.kind) {
        case Kind::event:
            return world.event_name(action.event);
        case Kind::write:
            return fmt::format("a host writes block {} on {}", action.where, node);
        case Kind::flush:
            return fmt::format("a host flushes on {}", node);
        case Kind::crash:
            return fmt::format("{} crashes", node);
        case Kind::power_cut:
            return fmt::format("{} loses power", node);
        case Kind::restart:
            return fmt::format("{} starts again", node);
        case Kind::cut:
            return fmt::format("the link {} is cut", link());
        case Kind::heal:
            return fmt::format("the link {} is healed", link());
        case Kind::reset:
            return fmt::format("all connections of {} are reset", node);
        case Kind::force:
            return fmt::format("an operator forces the mirror online on {}", node);
        case Kind::switch_over:
            return fmt::format("an operator moves the mirror to {}", node);
    }
    return "";
}

}  // namespace sunder::netsim
