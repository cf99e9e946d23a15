// SPDX-License-Identifier: BSD-3-Clause
//
// The list of what may happen, and its doing.
#include "netsim/exhaust/action.h"

#include "base/verify.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

using Kind = Action::Kind;

void add_host(std::vector<Action>& all, Scene const& world, Bounds const& bounds,
              Amounts const& spent, NodeId node) {
    bool const serves = world.serves(node, the_mirror);
    if (!serves && !world.serves_apart(node, the_mirror)) return;
    auto const add_each_block = [&](Kind kind) {
        for (std::uint16_t block = 0; block < bounds.blocks; ++block) {
            all.push_back({kind, node, block, {}});
        }
    };
    if (spent.writes < bounds.most.writes) add_each_block(Kind::write);
    if (!serves) return;  // of a paused target only its writes matter to anybody else (R59)
    if (spent.flushes < bounds.most.flushes) all.push_back({Kind::flush, node, 0, {}});
    if (spent.reads < bounds.most.reads) add_each_block(Kind::read);
    if (spent.trims < bounds.most.trims) add_each_block(Kind::trim);
}

/// What may be repaired on a node, in so far as there is anything.
void add_repairs(std::vector<Action>& all, Scene const& world, NodeId node) {
    if (world.disk_fails(node, the_mirror)) all.push_back({Kind::mend_disk, node, 0, {}});
    if (!world.is_up(node)) all.push_back({Kind::restart, node, 0, {}});
    if (world.keeps_apart(node, the_mirror)) all.push_back({Kind::resume, node, 0, {}});
}

void add_faults(std::vector<Action>& all, Scene const& world, Bounds const& bounds,
                Amounts const& spent, NodeId node) {
    Amounts const& most = bounds.most;
    add_repairs(all, world, node);
    if (spent.faults() >= bounds.faults) return;
    if (spent.disk_faults < most.disk_faults && !world.disk_fails(node, the_mirror)) {
        for (std::uint16_t kind = 0; kind < 3; ++kind) {
            all.push_back({Kind::fail_disk, node, kind, {}});
        }
    }
    if (!world.is_up(node)) return;
    if (spent.crashes < most.crashes) all.push_back({Kind::crash, node, 0, {}});
    if (spent.power_cuts < most.power_cuts) all.push_back({Kind::power_cut, node, 0, {}});
    bool const serves = world.serves(node, the_mirror);
    if (spent.forces < most.forces && !serves) all.push_back({Kind::force, node, 0, {}});
    if (spent.switchovers < most.switchovers && !serves) {
        all.push_back({Kind::switch_over, node, 0, {}});
    }
    // Which of several targets is meant would have to be said.
    bool const two = world.cluster().mirrors.front().on.size() == 2;
    if (spent.pauses < most.pauses && serves && two && !world.keeps_apart(node, the_mirror)) {
        all.push_back({Kind::pause, node, 0, {}});
    }
}

void add_links(std::vector<Action>& all, Scene const& world, Bounds const& bounds,
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
        for (std::size_t one = 0; one < on.size(); ++one) {
            for (auto p = static_cast<std::uint16_t>(one + 1); p < on.size(); ++p) {
                all.push_back({Kind::reset, on[one], p, {}});
            }
        }
    }
}

}  // namespace

void list_actions(World const& world, Bounds const& bounds, Amounts const& spent,
                  std::vector<Action>& all) {
    all.clear();
    for (EventQueue::Pending const& event : world.enabled(bounds.timing)) {
        all.push_back({Kind::event, {}, 0, event});
    }
    list_others(world, bounds, spent, all);
}

void list_others(Scene const& world, Bounds const& bounds, Amounts const& spent,
                 std::vector<Action>& all) {
    for (NodeId const node : world.cluster().mirrors.front().on) {
        add_host(all, world, bounds, spent, node);
    }
    for (NodeId const node : world.cluster().mirrors.front().on) {
        add_faults(all, world, bounds, spent, node);
    }
    add_links(all, world, bounds, spent);
}

void list_repairs(Scene const& world, std::vector<Action>& all) {
    all.clear();
    auto const& links = world.cluster().links;
    for (std::uint16_t l = 0; l < links.size(); ++l) {
        bool const cut = world.network().is_cut(links[l].a, links[l].b);
        if (cut) all.push_back({Kind::heal, {}, l, {}});
    }
    for (NodeId const node : world.cluster().mirrors.front().on) add_repairs(all, world, node);
}

EventQueue::Pending const* next_by_itself(std::vector<Action> const& all) {
    EventQueue::Pending const* next = nullptr;
    for (Action const& action : all) {
        if (action.kind != Kind::event) continue;
        bool const io = action.event.event.kind <= last_io;
        bool const other = next != nullptr && next->event.kind <= last_io;
        if (next == nullptr || io > other || (io == other && action.event.begun_before(*next)))
            next = &action.event;
    }
    return next;
}

bool deviates(Action const& action, EventQueue::Pending const* next) {
    if (next == nullptr) return false;
    if (action.kind == Kind::event) return action.event.slot != next->slot;
    return next->event.kind <= last_io;
}

Agent agent_of(Kind kind) {
    switch (kind) {
        case Kind::event:
            return Agent::world;
        case Kind::write:
        case Kind::flush:
        case Kind::read:
        case Kind::trim:
            return Agent::host;
        case Kind::restart:
        case Kind::heal:
        case Kind::resume:
        case Kind::mend_disk:
            return Agent::repair;
        case Kind::crash:
        case Kind::power_cut:
        case Kind::cut:
        case Kind::reset:
        case Kind::force:
        case Kind::switch_over:
        case Kind::pause:
        case Kind::fail_disk:
            return Agent::fault;
    }
    return Agent::world;
}

bool has_fates(Action const& action) {
    return action.kind == Kind::crash || action.kind == Kind::power_cut;
}

DiskFaults faults_of(Action const& action) {
    DiskFaults faults;
    faults.reads = action.where == 0;
    faults.writes = action.where == 1;
    faults.flushes = action.where == 2;
    return faults;
}

namespace {

void ask(World& world, Action const& action) {
    using replication::HostOp;
    Extent const block{action.where, 1};
    if (action.kind == Kind::write) {
        world.ask(action.node, the_mirror, HostOp::write, block, false, world.fresh_content());
    } else if (action.kind == Kind::flush) {
        world.ask(action.node, the_mirror, HostOp::flush, {}, false, 0);
    } else if (action.kind == Kind::read) {
        world.ask(action.node, the_mirror, HostOp::read, block, false, 0);
    } else {
        world.ask(action.node, the_mirror, HostOp::trim, block, false, 0);
    }
}

}  // namespace

namespace {

/// Which amount it is counted in; null: it is free.
std::uint8_t Amounts::* amount_of(Kind kind) {
    switch (kind) {
        case Kind::write:
            return &Amounts::writes;
        case Kind::flush:
            return &Amounts::flushes;
        case Kind::read:
            return &Amounts::reads;
        case Kind::trim:
            return &Amounts::trims;
        case Kind::crash:
            return &Amounts::crashes;
        case Kind::power_cut:
            return &Amounts::power_cuts;
        case Kind::cut:
            return &Amounts::cuts;
        case Kind::reset:
            return &Amounts::resets;
        case Kind::force:
            return &Amounts::forces;
        case Kind::switch_over:
            return &Amounts::switchovers;
        case Kind::pause:
            return &Amounts::pauses;
        case Kind::fail_disk:
            return &Amounts::disk_faults;
        case Kind::event:
        case Kind::restart:
        case Kind::heal:
        case Kind::resume:
        case Kind::mend_disk:
            break;
    }
    return nullptr;
}

}  // namespace

void spend(Action const& action, Amounts& spent) {
    std::uint8_t Amounts::* const amount = amount_of(action.kind);
    if (amount != nullptr) ++(spent.*amount);
}

void perform(World& world, Action const& action, std::vector<std::uint8_t> picks, Amounts& spent) {
    world.chooser().follow(std::move(picks));
    spend(action, spent);
    NodeId const node = action.node;
    auto const& links = world.cluster().links;
    auto const& on = world.cluster().mirrors.front().on;
    switch (action.kind) {
        case Kind::event:
            world.apply(action.event);
            return;
        case Kind::write:
        case Kind::flush:
        case Kind::read:
        case Kind::trim:
            ask(world, action);
            return;
        case Kind::crash:
            world.crash(node);
            return;
        case Kind::power_cut:
            world.power_cut(node);
            return;
        case Kind::restart:
            world.restart(node);
            return;
        case Kind::cut:
            world.cut(links[action.where].a, links[action.where].b, false);
            return;
        case Kind::heal:
            world.heal(links[action.where].a, links[action.where].b);
            return;
        case Kind::reset:
            world.reset(node, on[action.where], false);
            return;
        case Kind::force:
            world.force_online(node, the_mirror);
            return;
        case Kind::switch_over:
            world.switch_over(node, the_mirror);
            return;
        case Kind::pause:
            world.order(node, the_mirror, {nodes::Order::Kind::pause});
            return;
        case Kind::resume:
            world.order(node, the_mirror, {nodes::Order::Kind::resume});
            return;
        case Kind::fail_disk:
            world.set_disk_faults(node, faults_of(action));
            return;
        case Kind::mend_disk:
            world.set_disk_faults(node, {});
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
        case Kind::read:
            return fmt::format("a host reads block {} on {}", action.where, node);
        case Kind::trim:
            return fmt::format("a host trims block {} on {}", action.where, node);
        case Kind::pause:
            return fmt::format("an operator pauses the mirror on {}", node);
        case Kind::resume:
            return fmt::format("an operator resumes the mirror on {}", node);
        case Kind::fail_disk: {
            static constexpr char const* kinds[] = {"reads", "writes", "flushes"};
            return fmt::format("{} of {}'s disk fail from now on", kinds[action.where], node);
        }
        case Kind::mend_disk:
            return fmt::format("the disk of {} is mended", node);
    }
    return "";
}

}  // namespace sunder::netsim
