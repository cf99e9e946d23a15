// SPDX-License-Identifier: BSD-3-Clause
//
// The fault budget, as checkers need it: whose memory was put back (FLT-5). A copy that remembers
// what was may do anything that was right then, and so may the copies that it leads. While a memory
// in a mirror is in doubt, whatever a checker that builds on memory would call a violation of that
// mirror is allowed, named and counted; in all other mirrors nothing is.
//
// A doubt ends when what is remembered is true again: the copy was brought up to date by one whose
// memory is not in doubt, or has brought up to date all others, and wherever it differs from any of
// them an intent log of the pair says so. Or when the mirror is extended to it no more.
//
// Disks that are replaced by blank ones remember nothing wrong, and leave no doubt: a copy on them
// is made anew from another one, or, where there is none, stays out of service until an operator
// forces it.
#pragma once

#include "netsim/checkers/chronicle.h"
#include "netsim/observation.h"

#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

class World;

class Doubts {
public:
    Doubts() = default;
    explicit Doubts(World const& world);

    /// Why what is remembered in the mirror is in doubt, in words; nothing when it is not.
    [[nodiscard]] std::optional<std::string> of(World const& world, GroupId group) const;

    /// Learns of an observation after the chronicle and all checkers have.
    void see(World const& world, Chronicle const& chronicle, Observation const& observation);

private:
    struct Group {
        replication::PeerMask doubted = 0;  ///< by slot
        replication::PeerMask led = 0;      ///< brought up to date since by one that is in doubt
    };
    /// By a target, which has its source's word that it is up to date.
    void in_sync(World const& world, Chronicle const& chronicle, seen::MirrorNoted const& noted,
                 replication::Slot source);

    std::vector<Group> groups_;
    std::vector<std::vector<NodeId>> on_;  // of each group
};

}  // namespace sunder::netsim
