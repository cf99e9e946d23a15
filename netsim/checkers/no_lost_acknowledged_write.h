// SPDX-License-Identifier: BSD-3-Clause
//
// no_lost_acknowledged_write (SAF-1): what a host was told is written is there when another copy
// serves. A history checker, but for the copy it reads when a node comes in service. Each unit of
// the mirror has to hold its last acknowledged write, or one that was not acknowledged before that
// one was asked. What a copy that serves holds when the others have come in sync with it is
// settled, and may not change back.
//
// It assumes at most one failure at a time in synchronous mode. Outside of that a loss is allowed,
// by name:
// - "operator override": an operator forced a copy online (R87), said that a node is dead which
//   lived (R63), or deleted the mirror and created it again with what one disk holds (R91, R95);
// - "split brain under a faithful policy": two nodes serve, because every path between them was cut
// and
//   DataKeeper has nothing against that (R31);
// - "acknowledged without the target (faithful policy)": the leg was down, and the target could not
// be
//   told before it lost the source: nobody waits for it in DataKeeper;
// - "unflushed writes lost with the source's own cache": the last owner comes back from a disk that
// lost
//   what no flush or FUA had made durable (F.0);
// - "every disk that held it was replaced": by blank ones, since it was acknowledged (FLT-4), and
//   another copy serves, which never had it;
// - "asynchronous tail": what a target had not got yet (SAF-2 says how much that may be). Where
//   nodes are guarded, only while no copy that a write waited for can be asked.
#pragma once

#include "netsim/checkers/view.h"

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <optional>
#include <vector>

namespace sunder::netsim {

class NoLostAcknowledgedWrite {
public:
    static constexpr CheckerText text{
        "no_lost_acknowledged_write", "SAF-1",
        "a promoted copy holds every acknowledged write, or a later one"};

    void on(View& view, seen::HostAnswered const& answered);
    void on(View& view, seen::RolledBack const& back);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);
    void on(View& view, From from, replication::note::CopyCompleted const& completed);
    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View& view, From from, replication::note::Conceded const& conceded);
    void finish(View& view);

private:
    struct Loss;
    void verify(View& view, Loss const& loss);
    void joined(View& view, GroupId group, Slot source, Slot target);
    /// The name under which it is allowed that whoever had it when it was acknowledged has a blank
    /// disk since, or lost it with its power; null when that is not so.
    [[nodiscard]] char const* gone_from_all(View const& view, GroupId group, NodeId here,
                                            Request const& owed) const;

    enum class Split : std::uint8_t { none, by_itself, by_force, by_policy };
    std::vector<replication::PerCopy<std::optional<Duration>>> replaced_;  // disks, by group
    /// Until one copy's truth is that of all again.
    struct Parting {
        Split split = Split::none;  // two nodes served at once and went their own ways
        bool forced = false;        // an operator forced a copy online, and it shows
        Duration until{};           // a write was acknowledged that one of the two may lack
    };
    Parting& parting_of(View const& view, GroupId group);
    std::vector<Parting> partings_;                     // by group
    boost::unordered_flat_set<std::uint64_t> counted_;  // requests, within one comparison
};

}  // namespace sunder::netsim
