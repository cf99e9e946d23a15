// SPDX-License-Identifier: BSD-3-Clause
//
// What a node is configured to be: its mirrors, its peers, and what has to come before it takes
// over from one of them.
#pragma once

#include "base/ids.h"
#include "base/units.h"
#include "nodes/hierarchy.h"
#include "nodes/quorum.h"
#include "replication/cell.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace sunder::nodes {

using replication::Slot;

/// One mirror as this node's configuration names it.
struct ResourceConfig {
    GroupId group;
    Slot self;
    std::vector<NodeId> members;            ///< by slot
    std::vector<std::uint16_t> priority{};  ///< by slot; 1 is the highest (R52)
    /// R54: by slot, the slots that it is asynchronous with.
    replication::PerCopy<replication::PeerMask> asynchronous{};
    bool intent_log = true;             ///< R18
    bool automatic_switchback = false;  ///< R72: unsupported, and what it leads to
    std::shared_ptr<Hierarchy const>
        hierarchy{};                        ///< what stands on it; nothing: hosts use it bare
    replication::PeerMask extended = 0xff;  ///< to which slots, before an operator changes it
    /// R1: slots whose copies are targets for ever: nobody can serve what they hold from there.
    replication::PeerMask never_in_service = 0;
    bool unmirrored = false;   ///< what stands on the disk uses it without a mirror, yet (R117)
    bool exported = false;     ///< R122: by NFS, what the disk holds before it is mirrored
    bool large_enough = true;  ///< R5: the own disk, for the source's
    friend bool operator==(ResourceConfig const&, ResourceConfig const&) = default;
};

/// R67..R70, and DRBD's sticky tie-breakers (C.8).
struct QuorumConfig {
    QuorumMode mode = QuorumMode::none;
    std::vector<NodeId> voters;        ///< with this node, if it votes
    std::vector<NodeId> tie_breakers;  ///< decide between halves, for whoever had quorum
    bool ask_witnesses = false;        ///< R67: whether others hear whom this node lost
    LossAction on_loss = LossAction::reboot;
    friend bool operator==(QuorumConfig const&, QuorumConfig const&) = default;
};

/// R63, R64: an administrator confirms that a node is dead before this one takes over from it.
struct ConfirmConfig {
    std::vector<NodeId> from;  ///< of whose death it is asked
    Duration timeout = seconds(600);
    bool proceeds = true;  ///< when nobody has answered in time
    friend bool operator==(ConfirmConfig const&, ConfirmConfig const&) = default;
};

struct NodeConfig {
    NodeId self;
    std::vector<NodeId> peers;  ///< every node that this one talks to, once
    std::vector<ResourceConfig> resources;
    bool guarded = false;
    QuorumConfig quorum{};
    ConfirmConfig confirm{};
    bool shares_disk = false;               ///< another server can go on with its disk (R112)
    bool fencing = false;                   ///< it can have peers shot (STONITH)
    bool blocks_resource_failover = false;  ///< R65
    friend bool operator==(NodeConfig const&, NodeConfig const&) = default;
};

}  // namespace sunder::nodes
