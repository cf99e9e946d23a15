// SPDX-License-Identifier: BSD-3-Clause
//
// The smallest world worth testing: two nodes, one link, one mirror.
#pragma once

#include "netsim/world.h"

#include <memory>

namespace sunder::testing {

inline constexpr NodeId first_node{0};
inline constexpr NodeId second_node{1};
inline constexpr GroupId the_mirror{0};

struct TwoNodes {
    std::uint64_t sectors = MiB(4).bytes / sector_bytes;
    netsim::Mode mode = netsim::Mode::synchronous;
    bool intent_log = true;
    bool bitmap_merge = true;
    bool guarded = false;
    bool in_sync = true;
    std::uint32_t asynchronous_limit = 256;

    [[nodiscard]] std::shared_ptr<netsim::Cluster const> cluster() const {
        auto made = std::make_shared<netsim::Cluster>();
        made->policy.guarded = guarded;
        made->policy.bitmap_merge = bitmap_merge;
        made->nodes = {{"server1", {}}, {"server2", {}}};
        made->links = {{0, 1, {}, {}}};
        netsim::MirrorSetup mirror;
        mirror.name = "datarep";
        mirror.sectors = sectors;
        mirror.on = {first_node, second_node};
        mirror.mode = mode;
        mirror.asynchronous_limit = asynchronous_limit;
        if (!intent_log) mirror.intent_log_chunk.reset();
        mirror.initially_in_sync = in_sync;
        made->mirrors = {mirror};
        return made;
    }
};

/// Runs by virtual time until `enough(world)` holds or nothing is due before `until`; true when it
/// does.
template <class Enough>
bool run_until(netsim::World& world, Duration until, Enough&& enough) {
    while (!enough(world)) {
        auto const next = world.next_time();
        if (!next || *next > until) return false;
        world.advance();
    }
    return true;
}

inline bool mirrors(netsim::World const& world) {
    for (NodeId const node : {first_node, second_node}) {
        if (!world.serves(node, the_mirror)) continue;
        replication::Slot const peer{static_cast<std::uint8_t>(1 - node.value)};
        if (replication::state_of(world.copy(node, the_mirror)->machine->leg(peer)) ==
            replication::LegState::mirroring) {
            return true;
        }
    }
    return false;
}

inline RequestId write_block(netsim::World& world, NodeId node, std::uint64_t block) {
    return world.ask(node, the_mirror, replication::HostOp::write, {block * 8, 8}, false,
                     world.fresh_content());
}

inline bool same_images(netsim::World const& world, std::uint64_t sectors) {
    return netsim::Image::same(world.copy(first_node, the_mirror)->disk->image(),
                               world.copy(second_node, the_mirror)->disk->image(), {0, sectors});
}

}  // namespace sunder::testing
