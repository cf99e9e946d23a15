// SPDX-License-Identifier: BSD-3-Clause
//
// What befalls a mirror of three to five copies in a property test: drawn by RapidCheck, and shrunk
// by it. Every pair of nodes has a link of its own, so that any partition can be made, whole or
// partial. Two equal campaigns play alike.
#pragma once

#include "netsim/cluster.h"

#include <rapidcheck.h>

#include <array>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::netsim::test {

struct Blow {
    enum class Kind : std::uint8_t {
        work,           ///< hosts ask for this and that
        idle,           ///< time passes
        crash,          ///< of one node, in the middle of some writes
        power_cut,      ///< the same
        cut,            ///< one link
        isolate,        ///< all links of one node
        divide,         ///< the nodes fall apart in two sides
        reset,          ///< the connections between two nodes
        freeze,         ///< a node stands still for a while
        heal,           ///< all links
        mend,           ///< all links, and whatever is down starts again
        slow_disk,      ///< of one node, or well again
        move,           ///< an operator's switchover
        force,          ///< an operator forces a copy online
        resolve,        ///< an operator names a loser of a split brain
        fail_over,      ///< once all mirror, the source dies, another takes over and is written
        fail_twice,     ///< and that one dies, too, when something of it has come to the third
        keep_apart,     ///< an operator pauses the mirror towards one target
        resume,         ///< whatever is paused
        extend,         ///< an operator takes a target out of the mirror, or in again
        fail_resource,  ///< something on the mirror stops, or will not do what it is told
        last
    };
    Kind kind = Kind::work;
    std::uint32_t dice = 0;  ///< seed of what is drawn within
    friend bool operator==(Blow const&, Blow const&) = default;
};
std::string_view name_of(Blow::Kind);

/// What has to come before a takeover.
enum class Members : std::uint8_t { free, shot, reboot_without_quorum, leave_without_quorum, last };

struct Campaign {
    std::uint64_t seed = 1;
    unsigned copies = 3;
    bool guarded = false;
    Members members = Members::free;
    bool asynchronous = false;
    std::uint32_t other_mode = 0;  ///< by bit: pairs that are not (or are) asynchronous (R54)
    bool intent_log = true;
    bool bitmap_merge = true;
    bool born_in_sync = false;
    bool volumes = false;   ///< a log and data; writes to the data follow the log's
    bool shared = false;    ///< the first copy is on a disk that two servers share
    bool database = false;  ///< stands on the mirror, with a file system and an address
    std::uint32_t limit = 16;
    std::uint32_t latency_us = 200;
    std::uint32_t bandwidth_mbit = 1000;
    std::uint32_t disk_jitter_us = 50;  ///< of the second copy and the third
    std::vector<Blow> acts;
    friend bool operator==(Campaign const&, Campaign const&) = default;
};
[[nodiscard]] Cluster cluster_of(Campaign const& campaign);
[[nodiscard]] rc::Gen<Campaign> any_campaign();
void showValue(Campaign const& campaign, std::ostream& out);

/// What happened, over many campaigns.
struct Toll {
    std::uint64_t runs = 0;
    std::uint64_t events = 0;
    std::uint64_t faithful = 0;
    // Runs in which it happened at least once.
    std::uint64_t failed_over = 0;
    std::uint64_t failed_over_twice = 0;
    std::uint64_t settled_by_bits = 0;  ///< a new source brought another target in line by bits
    std::uint64_t heirs_told = 0;       ///< a generation was told to a target
    std::uint64_t outranked = 0;        ///< a copy in sync let another go first (R53)
    std::uint64_t shot = 0;             ///< a node was shot
    std::uint64_t lost_quorum = 0;
    std::uint64_t moved_for_resource = 0;  ///< one that failed
    std::uint64_t recovered_in_place = 0;
    std::uint64_t taken_by_partner = 0;  ///< a shared disk, from a server that died
    std::uint64_t tried_by_partner = 0;  ///< a resource that failed, on a shared disk
    std::uint64_t did_not_stop = 0;
    std::uint64_t left_and_joined = 0;  ///< a server left the mirror and was in sync again later
    std::uint64_t split = 0;            ///< of the faithful ones
    std::uint64_t interrupted = 0;      ///< a resync
};

/// Empty when every property held and the cluster came to rest whole, after an operator's word if
/// it was split; else what was wrong.
std::string play(Campaign const& campaign, Toll& toll, std::uint64_t* trace_hash = nullptr);

/// What happens when the campaign is played, one event a line.
std::string narration_of(Campaign const& campaign);

}  // namespace sunder::netsim::test
