// SPDX-License-Identifier: BSD-3-Clause
//
// Open and closed loops of requests to a volume of an array.
#include "scenarios/language/array_workload.h"

#include "netsim/array_sim.h"

namespace sunder::language {

using netsim::World;
using replication::HostOp;

bool ArrayApplication::wants_more(World const& world) const {
    return running_ && (!workload_.count || issued_ < *workload_.count) &&
           world.arrays().at(workload_.array).powered();
}

void ArrayApplication::start(World& world) {
    running_ = true;
    if (workload_.rate) {
        arm(world);
    } else {
        fill(world);
    }
}

void ArrayApplication::arm(World& world) {
    if (armed_ || !wants_more(world)) return;
    armed_ = true;
    auto const rate = static_cast<std::int64_t>(workload_.rate->per_second);
    world.alarm(world.now() + nanoseconds(1'000'000'000 / rate), alarm_);
}

void ArrayApplication::rang(World& world) {
    armed_ = false;
    if (!wants_more(world)) return;
    if (outstanding_ < most_outstanding) issue(world);
    arm(world);
}

void ArrayApplication::fill(World& world) {
    while (wants_more(world) && outstanding_ < *workload_.depth) issue(world);
}

void ArrayApplication::answered(World& world, netsim::array_note::Answered const& answer) {
    if (outstanding_ > 0) --outstanding_;
    if (answer.refused) {
        stop();
    } else if (workload_.depth) {
        fill(world);
    }
}

void ArrayApplication::issue(World& world) {
    netsim::ArraySim& sim = world.arrays().at(workload_.array);
    auto const& catalogue = sim.state().catalogue;
    auto const volume = catalogue.volume_named(workload_.volume);
    std::uint64_t const sectors = volume ? catalogue.volumes.at(*volume).sectors : 0;
    std::uint64_t const blocks = std::max<std::uint64_t>(sectors / workload_.block_sectors, 1);
    std::size_t const stream = world.cluster().nodes.size() + workload_.array.value;
    netsim::array_note::Request request;
    request.volume = workload_.volume;
    ++issued_;
    ++outstanding_;
    if (workload_.flush_every && writes_ >= *workload_.flush_every) {
        writes_ = 0;
        request.op = HostOp::flush;
        sim.ask(world, std::move(request), "", number_);
        return;
    }
    bool const reads =
        workload_.reads_percent > 0 &&
        world.choose(100, netsim::Choice::workload, stream) < workload_.reads_percent;
    std::uint64_t const block = !reads && workload_.write == Workload::Order::sequential
                                    ? position_++ % blocks
                                    : world.choose(blocks, netsim::Choice::workload, stream);
    request.range = {block * workload_.block_sectors, workload_.block_sectors};
    if (!reads) {
        ++writes_;
        request.op = HostOp::write;
        request.content = world.fresh_content();
    }
    sim.ask(world, std::move(request), "", number_);
}

}  // namespace sunder::language
