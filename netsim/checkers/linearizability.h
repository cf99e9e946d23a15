// SPDX-License-Identifier: BSD-3-Clause
//
// linearizability (SAF-8): what hosts read and write, over all nodes that serve one after the
// other, looks as if one disk had done it: each read returns the last completed write or one that
// overlaps it, and what was read once is never taken back by a failover (G9). A history checker.
// Each block of 4 KiB is a register of its own, judged by the sector in its middle; it begins with
// what the disk held when a host first asked for it.
//
// It assumes that there is one truth at a time and that nothing was lost, and begins anew where
// there is not. That is allowed, by name:
// - "operator override": an operator forced a copy online (R87), named the loser of a split brain
//   (R34), said that a node is dead which serves (R63), or deleted the mirror and created it again
//   with what one disk holds (R91, R95);
// - "split brain resolved by policy": a policy named it;
// - "split brain under a faithful policy": two nodes serve at once (R31); nothing is judged until
//   the copies have come in sync again;
// - "lost at a failover": no_lost_acknowledged_write found an acknowledged write missing and judges
//   it (the tail of an asynchronous mirror, and whatever else it names);
// - "seen, but not durable": a node came back from its own power cut or panic without a write that
//   was not acknowledged and that a host had read, or a target was left behind before that write
//   (F.0).
#pragma once

#include "netsim/checkers/register_history.h"
#include "netsim/checkers/view.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <vector>

namespace sunder::netsim {

class Linearizability {
public:
    static constexpr CheckerText text{
        "linearizability", "SAF-8",
        "reads return the last write, and what was read is not taken back by a failover"};

    void on(View& view, seen::HostAsked const& asked);
    void on(View& view, seen::HostAnswered const& answered);
    void on(View& view, seen::NodeDied const& died);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);
    void on(View& view, From from, replication::note::CopyCompleted const& completed);
    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View& view, From from, replication::note::Conceded const& conceded);

private:
    static constexpr std::uint64_t block = 8;
    using Value = RegisterHistory::Value;
    struct Group {
        bool split = false;  ///< two nodes serve, or have not met since
        boost::unordered_flat_map<std::uint64_t, RegisterHistory> registers;
    };
    struct OpenRead {
        RequestId request;
        NodeId node;
        GroupId group;
        Extent range;
    };
    static Value value_of(Content content);
    /// Calls visit(number) for each block whose middle lies in the range.
    template <class Visit>
    static void for_each_block(Extent range, Visit&& visit);
    Group& group(View const& view, GroupId id);
    static RegisterHistory first_seen(View const& view, seen::HostAsked const& asked,
                                      std::uint64_t b);
    void read_answered(View& view, Group& group, Request const& request, Payload const& payload);
    void compare(View& view, GroupId id, NodeId node);
    void joined(View const& view, GroupId id);

    std::vector<Group> groups_;
    std::vector<OpenRead> reads_;
};

}  // namespace sunder::netsim
