// SPDX-License-Identifier: BSD-3-Clause
//
// Open and closed loops of requests.
#include "scenarios/language/workload.h"

#include <algorithm>

namespace sunder::language {

using netsim::Choice;
using netsim::World;

void Application::start(World& world) {
    running_ = true;
    came_in_service(world);
}

void Application::arm(World& world) {
    if (armed_ || !workload_.rate) return;
    armed_ = true;
    auto const rate = static_cast<std::int64_t>(workload_.rate->per_second);
    world.alarm(world.now() + nanoseconds(1'000'000'000 / rate), number_);
}

void Application::rang(World& world) {
    armed_ = false;
    if (!wants_more()) return;
    bool served = false;
    for (NodeId const node : world.cluster().mirrors[workload_.mirror].on) {
        if (!world.usable(node, GroupId{workload_.mirror})) continue;
        served = true;
        if (outstanding_[node.value] < most_outstanding && wants_more()) issue(world, node);
    }
    // While nobody serves there is nothing to do; coming in service starts the loop again.
    if (served) arm(world);
}

void Application::came_in_service(World& world) {
    if (!wants_more()) return;
    for (NodeId const node : world.cluster().mirrors[workload_.mirror].on) {
        if (!world.usable(node, GroupId{workload_.mirror})) continue;
        if (workload_.rate) {
            arm(world);
        } else {
            fill(world, node);
        }
    }
}

void Application::answered(World& world, NodeId node) {
    if (outstanding_[node.value] > 0) --outstanding_[node.value];
    if (workload_.depth && world.usable(node, GroupId{workload_.mirror})) fill(world, node);
}

void Application::fill(World& world, NodeId node) {
    // A request may be answered while it is asked; the loop that is running goes on with it.
    if (filling_) return;
    filling_ = true;
    while (wants_more() && outstanding_[node.value] < *workload_.depth) issue(world, node);
    filling_ = false;
}

void Application::issue(World& world, NodeId node) {
    std::uint64_t const sectors = world.cluster().mirrors[workload_.mirror].sectors;
    std::uint64_t const blocks = sectors / workload_.block_sectors;
    GroupId const group{workload_.mirror};
    ++issued_;
    ++outstanding_[node.value];
    if (workload_.flush_every && writes_ == *workload_.flush_every) {
        writes_ = 0;
        world.ask(node, group, replication::HostOp::flush, {}, false, 0, number_);
        return;
    }
    bool const reads = workload_.reads_percent > 0 &&
                       world.choose(100, Choice::workload, node.value) < workload_.reads_percent;
    std::uint64_t const block = workload_.write == Workload::Order::random
                                    ? world.choose(blocks, Choice::workload, node.value)
                                    : position_++ % blocks;
    Extent const range{block * workload_.block_sectors, workload_.block_sectors};
    if (reads) {
        world.ask(node, group, replication::HostOp::read, range, false, 0, number_);
        return;
    }
    ++writes_;
    world.ask(node, group, replication::HostOp::write, range, false, world.fresh_content(),
              number_);
}

}  // namespace sunder::language
