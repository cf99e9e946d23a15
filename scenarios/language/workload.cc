// SPDX-License-Identifier: BSD-3-Clause
//
// Open and closed loops of requests.
#include "scenarios/language/workload.h"

#include "base/verify.h"
#include "netsim/volumes.h"

#include <algorithm>

namespace sunder::language {

using netsim::Choice;
using netsim::World;

Application::Application(Workload const& workload, std::uint8_t number,
                         netsim::Cluster const& cluster)
    : workload_(workload),
      number_(number),
      outstanding_(cluster.nodes.size()),
      running_(workload.started) {
    netsim::MirrorSetup const& mirror = cluster.mirrors[workload.mirror];
    blocks_ = blocks_of(mirror, workload.volume, workload.write, workload.block_sectors);
    if (auto const& then = workload.then)
        then_ = blocks_of(mirror, then->volume, then->write, then->block_sectors);
}

Application::Blocks Application::blocks_of(netsim::MirrorSetup const& mirror,
                                           std::optional<std::uint16_t> volume,
                                           Workload::Order order, std::uint64_t sectors) {
    Blocks blocks{netsim::parts_of(mirror), sectors, 0, order};
    if (volume) blocks.parts = {netsim::extent_of(mirror, *volume)};
    for (Extent const& part : blocks.parts) blocks.count += part.count / sectors;
    return blocks;
}

Extent Application::Blocks::next(World& world, NodeId node) {
    std::uint64_t number = order == Workload::Order::random
                               ? world.choose(count, Choice::workload, node.value)
                               : position++ % count;
    for (Extent const& part : parts) {
        std::uint64_t const here = part.count / sectors;
        if (number < here) return {part.first + number * sectors, sectors};
        number -= here;
    }
    VERIFY(!"the parts have fewer blocks than were counted");
    return {};
}

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

void Application::died(NodeId node) {
    outstanding_[node.value] = 0;
    std::erase_if(leading_, [&](Leading const& one) { return one.node == node; });
}

/// True when another write is to follow this one; it is asked for once only.
bool Application::led(RequestId request) {
    return std::erase_if(leading_, [&](Leading const& one) { return one.request == request; }) != 0;
}

void Application::answered(World& world, netsim::seen::HostAnswered const& answer) {
    NodeId const node = answer.node;
    bool const goes_on = led(answer.request) && answer.status == replication::HostStatus::ok;
    if (goes_on && running_ && world.usable(node, GroupId{workload_.mirror})) {
        (void)write(world, node, then_);
        return;
    }
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
    GroupId const group{workload_.mirror};
    ++issued_;
    ++outstanding_[node.value];
    if (workload_.flush_every && writes_ >= *workload_.flush_every) {
        writes_ = 0;
        world.ask(node, group, replication::HostOp::flush, {}, false, 0, number_);
        return;
    }
    bool const reads = workload_.reads_percent > 0 &&
                       world.choose(100, Choice::workload, node.value) < workload_.reads_percent;
    if (reads) {
        Extent const range = blocks_.next(world, node);
        world.ask(node, group, replication::HostOp::read, range, false, 0, number_);
        return;
    }
    RequestId const request = write(world, node, blocks_);
    if (workload_.then) leading_.push_back({request, node});
}

RequestId Application::write(World& world, NodeId node, Blocks& blocks) {
    ++writes_;
    Extent const range = blocks.next(world, node);
    return world.ask(node, GroupId{workload_.mirror}, replication::HostOp::write, range, false,
                     world.fresh_content(), number_);
}

}  // namespace sunder::language
