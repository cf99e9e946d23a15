// SPDX-License-Identifier: BSD-3-Clause
//
// resync_keeps_progress (LIV-8, R39): a resync whose connection was lost goes on with what was left
// and with what hosts have changed since. However often the connection flaps, what was copied and
// confirmed is not copied again.
//
// Assumes that source and target lived all the while, because bits that were cleared and not yet
// stored may be set again after a boot, that the source stayed in service, and that no operator set
// them by hand and no disk refused anything.
#pragma once

#include "netsim/checkers/view.h"

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

namespace sunder::netsim {

class ResyncKeepsProgress {
public:
    static constexpr CheckerText text{
        "resync_keeps_progress", "LIV-8, R39",
        "a resync that goes on after a lost connection copies what was left, no more"};

    void on(View& view, seen::HostAsked const& asked);
    void on(View& view, seen::NodeDied const& died);
    void on(View& view, From from, replication::note::ResyncInterrupted const& interrupted);
    void on(View& view, From from, replication::note::ResyncStarted const& started);
    void on(View& view, From from, replication::note::IntentLogEdited const& edited);
    void on(View& view, NodeId node, nodes::note::LeftService const& left);
    void on(View& view, From from, replication::note::DiskFailed const& failed);

private:
    using Pair = std::tuple<GroupId, NodeId, Slot>;  ///< group, source, target
    struct Left {
        replication::ResyncId resync = 0;
        std::uint64_t chunks = 0;  ///< that were left, and those that hosts asked for since
    };
    struct Started {
        Duration at;
        /// When the leg was lost before: what a log has is told after that, and before the start.
        Duration apart;
    };
    /// Of this source, or of all.
    void forget(GroupId group, std::optional<NodeId> source = std::nullopt);
    std::map<Pair, Left> left_;           ///< since the resync broke off
    std::map<Pair, Started> started_;     ///< the resync that goes on, or broke off last
    std::map<GroupId, Duration> edited_;  // when logs were edited by hand last
};

}  // namespace sunder::netsim
