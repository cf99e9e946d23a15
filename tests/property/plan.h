// SPDX-License-Identifier: BSD-3-Clause
//
// What a property test plays: a cluster of two nodes and a list of things that hosts, operators and
// misfortune do to it, all of it drawn by RapidCheck and shrunk by it. Two equal plans play alike.
#pragma once

#include "netsim/cluster.h"

#include <rapidcheck.h>

#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <vector>

namespace sunder::netsim::test {

/// How far a resync has come, from both sides. Before its first word there is `none`.
enum class Phase : std::uint8_t {
    none,
    preparing,         ///< the source stores what a continued resync stands on
    begin_on_its_way,  ///< ResyncBegin has left
    target_preparing,  ///< the target stores that it is inconsistent
    ready_on_its_way,  ///< ResyncReady has left
    resyncing,         ///< runs are read and sent
    finishing,         ///< the source stores that the target may be current
    finish_on_its_way,
    target_finishing,  ///< the target applies, flushes and stores the finish
    reply_on_its_way,  ///< FinishReply has left
    last
};
std::string_view name_of(Phase);

enum class Fault : std::uint8_t {
    reset,
    crash_source,
    crash_target,
    power_source,
    power_target,
    cut,
    one_way_cut,
    pause_source,
    pause_target,
    last
};
std::string_view name_of(Fault);

struct Act {
    enum class Kind : std::uint8_t {
        work,       ///< hosts ask for this and that
        idle,       ///< time passes
        strike,     ///< a fault in the middle of some writes
        mend,       ///< whatever is down or cut comes back
        slow_disk,  ///< or well again
        move,       ///< an operator's switchover
        force,      ///< an operator forces a copy online
        resolve,    ///< an operator names the loser of a split brain
        fail_over,  ///< the source dies, the target takes over and is written
        part,       ///< the link is cut until both serve and are written
        interrupt,  ///< a resync is struck in a given phase
        pause,      ///< an operator pauses the mirror, and both sides are written
        resume,     ///< if it is paused
        take_out,   ///< an operator takes the mirror out of service, and perhaps in again
        copy_anew,  ///< an operator sets all bits of an intent log
        fall_back,  ///< an operator goes back to a fallback image, and perhaps forces it online
        last
    };
    Kind kind = Kind::work;
    Fault fault = Fault::reset;
    Phase phase = Phase::none;
    std::uint32_t dice = 0;  ///< seed of what is drawn within
    friend bool operator==(Act const&, Act const&) = default;
};
std::string_view name_of(Act::Kind);

struct Plan {
    std::uint64_t seed = 1;
    bool guarded = false;
    bool asynchronous = false;
    bool intent_log = true;
    bool bitmap_merge = true;
    bool born_in_sync = false;
    bool volumes = false;            ///< a log and data; writes to the data follow the log's
    std::uint32_t fallback_kib = 0;  ///< room for a fallback image; 0: none is kept
    std::uint32_t limit = 16;
    std::uint32_t latency_us = 200;
    std::uint32_t bandwidth_mbit = 1000;
    std::uint32_t disk_jitter_us = 50;
    std::uint32_t disk_bandwidth_mbit = 4000;
    std::uint32_t resync_max_mbit = 0;  ///< 0: no limit
    std::uint32_t resync_min_mbit = 0;
    std::vector<Act> acts;
    friend bool operator==(Plan const&, Plan const&) = default;
};

[[nodiscard]] Cluster cluster_of(Plan const& plan);
[[nodiscard]] rc::Gen<Plan> any_plan();
void showValue(Plan const& plan, std::ostream& out);

}  // namespace sunder::netsim::test
