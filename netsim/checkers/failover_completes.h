// SPDX-License-Identifier: BSD-3-Clause
//
// failover_completes (LIV-3): when the node that serves dies while a target is in sync and in
// contact, the mirror is in service again within twice the detection time and five seconds. A
// history checker with a deadline per mirror.
//
// It assumes that this death is the only failure: another death, a pause, a cut, a degraded link or
// a failing disk before the deadline takes it away, and so does the return of the dead node (then
// LIV-4 judges); that links to the target lose nothing, and that the target's own disk is well. A
// third copy that is heard and whose disk fails or hangs costs a promotion, which has it store the
// era first, no more than the patience with a connection, and where nodes are guarded a shot. A
// guarded policy promises no failover without fencing, and where an administrator has to confirm
// it, it takes as long as that takes, or does not come: he may say no (R63). Whoever has no quorum
// when it is due, by a count of the checker's own, does not take over (R67).
#pragma once

#include "netsim/checkers/view.h"
#include "netsim/checkers/votes.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace sunder::netsim {

class FailoverCompletes {
public:
    static constexpr CheckerText text{"failover_completes", "LIV-3",
                                      "an in-sync target takes over from a source that died"};

    void on(View& view, seen::NodeDied const& died);
    void on(View& view, NodeId node, nodes::note::OrderDecided const& decided);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);
    void on(View& view, NodeId node, nodes::note::Confirmed const& confirmed);
    void on(View& view, NodeId node, nodes::note::PeerSeen const& seen) {
        votes_.heard(view, node, seen.peer, true);
        refused_.erase({node, seen.peer});
    }
    void on(View& view, NodeId node, nodes::note::PeerLost const& lost) {
        votes_.heard(view, node, lost.peer, false);
    }
    void on(View& view, NodeId node, nodes::note::QuorumChanged const& changed) {
        votes_.reaches_storage(view, node, changed.rule == nodes::QuorumRule::storage_reached);
    }
    void on(View& view, seen::NodeStarted const& started) {
        votes_.started(view, started.node);
        std::erase_if(refused_, [&](auto const& one) { return one.first == started.node; });
        waiting_.clear();
    }
    void on(View&, seen::NodePaused const&) { waiting_.clear(); }
    void on(View&, seen::LinkCut const&) { waiting_.clear(); }
    void on(View&, seen::LinkDegraded const&) { waiting_.clear(); }
    void on(View&, seen::DiskFaulted const&) { waiting_.clear(); }
    void on(View&, seen::DiskTrapped const&) { waiting_.clear(); }
    void on(View&, seen::MemoryPressed const&) { waiting_.clear(); }
    void on(View&, seen::ClockSkewed const&) { waiting_.clear(); }
    void on(View&, seen::ClockStepped const&) { waiting_.clear(); }
    [[nodiscard]] std::optional<Duration> deadline() const;
    void passed(View& view);

private:
    struct Waiting {
        GroupId group;
        NodeId dead;
        NodeId target;
        Duration since;
        Duration until;
    };
    std::vector<Waiting> waiting_;
    std::vector<bool> leaving_;  ///< by group: somebody takes it out, and its peer may know
    /// R64: who is not to take over from whom, as an administrator told it in this silence.
    std::set<std::pair<NodeId, NodeId>> refused_;
    Votes votes_;
};

}  // namespace sunder::netsim
