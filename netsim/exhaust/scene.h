// SPDX-License-Identifier: BSD-3-Clause
//
// What the oracle, and whoever lists what may happen next, look at of a world: whether it stands as
// a whole or is known by its parts (condensed.h) makes no difference to them. Of a search, which
// has one mirror.
#pragma once

#include "base/verify.h"
#include "netsim/exhaust/condensed.h"
#include "netsim/world.h"

#include <algorithm>
#include <array>

namespace sunder::netsim {

/// That of a search.
inline constexpr GroupId the_mirror{0};

class Scene {
public:
    static constexpr std::size_t most_nodes = 16;

    // Whoever has a world has a scene.
    Scene(World const& world)  // NOLINT(google-explicit-constructor)
        : world_(&world), now_(world.now()) {
        std::size_t const count = world.cluster().nodes.size();
        VERIFY(count <= most_nodes);
        for (std::uint8_t n = 0; n < count; ++n) nodes_[n] = &world.node(NodeId{n});
    }
    /// Refers to `parts`.
    explicit Scene(Condensed const& parts)
        : world_(&parts.backdrop->world), parts_(&parts), now_(parts.now) {
        for (std::size_t n = 0; n < parts.parts.size(); ++n) nodes_[n] = &parts.parts[n]->node;
    }

    [[nodiscard]] Cluster const& cluster() const { return world_->cluster(); }
    [[nodiscard]] Network const& network() const { return world_->network(); }
    [[nodiscard]] Duration now() const { return now_; }
    [[nodiscard]] NodeSim const& node(NodeId id) const { return *nodes_[id.value]; }
    [[nodiscard]] CopySim const* copy(NodeId id, GroupId group) const {
        for (CopySim const& copy : node(id).copies) {
            if (copy.group == group.value) return &copy;
        }
        return nullptr;
    }
    [[nodiscard]] bool is_up(NodeId id) const { return parts_ != nullptr || node(id).up(); }
    [[nodiscard]] bool serves(NodeId id, GroupId group) const {
        if (parts_ != nullptr) return of_copy(id).open;
        CopySim const* held = copy(id, group);
        return held != nullptr && runs(id) && held->machine && held->machine->open();
    }
    [[nodiscard]] bool serves_apart(NodeId id, GroupId group) const {
        if (parts_ != nullptr) return of_copy(id).open_apart;
        CopySim const* held = copy(id, group);
        return held != nullptr && runs(id) && held->machine && held->machine->open_apart();
    }
    /// True when this source keeps a target apart, or is about to.
    [[nodiscard]] bool keeps_apart(NodeId id, GroupId group) const {
        if (!serves(id, group)) return false;
        if (parts_ != nullptr) return of_copy(id).keeps_apart;
        return std::ranges::any_of(copy(id, group)->machine->cell().peers,
                                   &replication::PeerRecord::paused);
    }
    [[nodiscard]] bool disk_fails(NodeId id, GroupId group) const {
        if (parts_ != nullptr) return false;  // or it could not be told by its parts
        DiskFaults const& faults = copy(id, group)->disk->faults;
        return faults.reads || faults.writes || faults.flushes;
    }
    [[nodiscard]] Content content(NodeId id, GroupId group, std::uint64_t block) const {
        if (parts_ != nullptr) return of_copy(id).contents[block];
        return copy(id, group)->disk->image().at(block);
    }
    /// Whether the copy's intent log names the block, which is a chunk, towards a peer; and stably.
    /// Requires that its node runs.
    [[nodiscard]] bool names(NodeId id, GroupId group, replication::Slot peer,
                             std::uint64_t block) const {
        if (parts_ != nullptr) return (of_copy(id).named[peer.value] >> block & 1) != 0;
        return copy(id, group)->machine->log().bits(peer).test(block);
    }
    [[nodiscard]] bool names_stably(NodeId id, GroupId group, replication::Slot peer,
                                    std::uint64_t block) const {
        if (parts_ != nullptr) return (of_copy(id).named_stably[peer.value] >> block & 1) != 0;
        return copy(id, group)->machine->log().stable_bits(peer).test(block);
    }
    /// As World::spoken_out.
    [[nodiscard]] bool spoken_out(NodeId a, NodeId b) const;

private:
    [[nodiscard]] bool runs(NodeId id) const { return node(id).up() && !node(id).paused; }
    [[nodiscard]] Part::OfCopy const& of_copy(NodeId id) const {
        return parts_->parts[id.value]->of_copy;
    }

    World const* world_;
    Condensed const* parts_ = nullptr;
    Duration now_;
    std::array<NodeSim const*, most_nodes> nodes_;  // as many as there are
};

}  // namespace sunder::netsim
