// SPDX-License-Identifier: BSD-3-Clause
//
// no_service_without_quorum (SAF-17, R67, R69): where quorum is asked for, a node that has lost it
// takes no requests for long. What it had accepted before may still be answered, and whoever
// regains quorum in time may go on.
//
// Assumes that leaving takes no longer than what stands on the mirrors needs to end what it has
// begun, a start or a recovery, and to stop, and a connection to be given up. A node that was
// forced online serves without quorum, as it was told.
#pragma once

#include "netsim/checkers/checker.h"
#include "netsim/checkers/view.h"
#include "netsim/checkers/votes.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace sunder::netsim {

class NoServiceWithoutQuorum {
public:
    static constexpr CheckerText text{"no_service_without_quorum", "SAF-17",
                                      "a node that lost quorum takes no requests for long"};

    void on(View& view, seen::HostAsked const& asked);
    void on(View& view, seen::NodeStarted const& started);
    void on(View&, seen::NodeDied const& died) { since_.erase(died.node); }
    void on(View& view, seen::NodeResumed const& resumed);
    void on(View& view, NodeId node, nodes::note::PeerSeen const& note);
    void on(View& view, NodeId node, nodes::note::PeerLost const& note);
    void on(View& view, NodeId node, nodes::note::QuorumChanged const& note);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);

private:
    void count(View& view, NodeId node);

    Votes votes_;
    std::map<NodeId, Duration> since_;  ///< nodes without quorum
    std::set<std::pair<NodeId, GroupId>> forced_;
};

}  // namespace sunder::netsim
