// SPDX-License-Identifier: BSD-3-Clause
//
// Open and closed loops of requests.
#include "scenarios/live/application.h"

#include "base/verify.h"
#include "netsim/volumes.h"

namespace sunder::staged {

using replication::HostOp;

namespace {

constexpr std::uint64_t purpose = 0x6170706c69766521ULL;

}  // namespace

LiveApplication::LiveApplication(language::Workload const& workload, netsim::Cluster const& cluster,
                                 std::uint64_t seed, std::uint64_t number)
    : workload_(workload), random_(seed, purpose, number), running_(workload.started) {
    netsim::MirrorSetup const& mirror = cluster.mirrors[workload.mirror];
    blocks_ = blocks_of(mirror, workload.volume, workload.write, workload.block_sectors);
    if (auto const& then = workload.then) {
        then_ = blocks_of(mirror, then->volume, then->write, then->block_sectors);
    }
}

LiveApplication::Blocks LiveApplication::blocks_of(netsim::MirrorSetup const& mirror,
                                                   std::optional<std::uint16_t> volume,
                                                   language::Workload::Order order,
                                                   std::uint64_t sectors) {
    Blocks blocks{netsim::parts_of(mirror), sectors, 0, order == language::Workload::Order::random};
    if (volume) blocks.parts = {netsim::extent_of(mirror, *volume)};
    for (Extent const& part : blocks.parts) blocks.count += part.count / sectors;
    return blocks;
}

Extent LiveApplication::next_of(Blocks& blocks) {
    std::uint64_t number = (blocks.random ? random_.next() : blocks.position++) % blocks.count;
    for (Extent const& part : blocks.parts) {
        std::uint64_t const here = part.count / blocks.sectors;
        if (number < here) return {part.first + number * blocks.sectors, blocks.sectors};
        number -= here;
    }
    VERIFY(!"the parts have fewer blocks than were counted");
    return {};
}

void LiveApplication::start(Duration now) {
    running_ = true;
    next_ = now;
}

bool LiveApplication::wants_more() const {
    return running_ && (!workload_.count || issued_ < *workload_.count);
}

std::optional<Duration> LiveApplication::due() const {
    return wants_more() && workload_.rate ? std::optional(next_) : std::nullopt;
}

bool LiveApplication::tick(Duration now) {
    if (!wants_more() || now < next_) return false;
    auto const rate = static_cast<std::int64_t>(workload_.rate->per_second);
    next_ = next_ + nanoseconds(1'000'000'000 / rate);
    return true;
}

std::optional<LiveApplication::Request> LiveApplication::next(std::uint32_t open) {
    // Who cannot keep up asks less, and not ever more at once.
    if (!wants_more() || open >= workload_.depth.value_or(most_outstanding)) return std::nullopt;
    ++issued_;
    if (workload_.flush_every && writes_ >= *workload_.flush_every) {
        writes_ = 0;
        return Request{HostOp::flush, {}, false};
    }
    bool const reads =
        workload_.reads_percent > 0 && random_.next() % 100 < workload_.reads_percent;
    if (reads) return Request{HostOp::read, next_of(blocks_), false};
    ++writes_;
    return Request{HostOp::write, next_of(blocks_), workload_.then.has_value()};
}

LiveApplication::Request LiveApplication::follow() {
    ++writes_;
    return {HostOp::write, next_of(then_), false};
}

}  // namespace sunder::staged
