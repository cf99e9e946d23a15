// SPDX-License-Identifier: BSD-3-Clause
//
// loser_rejoins (LIV-7): when a split brain of two copies is resolved, and the winner has the
// mirror in service and hears the loser, the loser is its target again by the time at which nothing
// more happens by itself; also when only one of the two saw how it was resolved.
//
// Assumes a mirror of two copies, because with a third, whom the loser follows is decided by more
// than this split brain; and disks that neither refuse nor hang, with a node that could store what
// it had to. What disks falsify, and an old memory of a node, is outside.
#pragma once

#include "netsim/checkers/view.h"

#include <map>

namespace sunder::netsim {

class LoserRejoins {
public:
    static constexpr CheckerText text{"loser_rejoins", "LIV-7",
                                      "the loser of a resolved split brain becomes a target again"};

    void on(View& view, From from, replication::note::Conceded const& conceded);
    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View&, From from, replication::note::DiskFailed const&) { losers_.erase(from.group); }
    void on(View& view, NodeId node, nodes::note::SplitBrain const& split);
    void on(View& view, NodeId node, nodes::note::ExtensionChanged const& changed);
    void finish(View& view);

private:
    std::map<GroupId, NodeId> losers_;  ///< that have conceded and not begun since
};

}  // namespace sunder::netsim
