// SPDX-License-Identifier: BSD-3-Clause
//
// intent_log_superset (SAF-3): wherever two copies differ, an intent log says so: their own log or
// the other's, in memory and on stable storage alike. A state checker. It remembers which chunks
// were written on either side since it last found them equal; each write is looked at as it reaches
// a disk, and all remembered chunks when bits were cleared. After a death or a start, whole copies
// are compared, and the log of a node that is down is what its next boot would read from its pages.
//
// It assumes that the two have been in sync once: before, and while a full resync without an intent
// log is under way, nobody promises anything. A mirror without an intent log promises nothing at
// all (R18). Two targets of one source are in sync with each other as well (R36).
#pragma once

#include "netsim/checkers/pair_logs.h"
#include "netsim/checkers/view.h"

#include <optional>
#include <vector>

namespace sunder::netsim {

class IntentLogSuperset {
public:
    static constexpr CheckerText text{"intent_log_superset", "SAF-3",
                                      "wherever two copies differ, an intent log names the chunk"};

    void on(View& view, seen::DiskWritten const& written);
    void on(View& view, seen::NodeDied const& died);
    void on(View& view, seen::ImageWritten const& written);
    void on(View& view, seen::RolledBack const& back);
    void on(View& view, NodeId node, nodes::note::ExtensionChanged const& changed);
    void on(View& view, seen::NodeStarted const& started);
    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View& view, From from, replication::note::Settled const& settled);
    void on(View& view, From from, replication::note::IntentLogEdited const& edited);
    void on(View& view, From from, replication::note::CopyCompleted const& completed);
    void on(View& view, From from, replication::note::Erased const&);
    void finish(View& view);

private:
    struct Pair {
        GroupId group;
        Slot a;
        Slot b;
        bool bound = false;           ///< they have been in sync
        replication::Bitmap written;  ///< chunks that may differ, as far as this checker knows
    };
    void prepare(View const& view);
    Pair* pair(GroupId group, Slot a, Slot b);
    [[nodiscard]] PairLogs logs(View const& view, Pair const& pair) const;
    void check_chunk(View& view, Pair& pair, PairLogs const& logs, std::uint64_t chunk,
                     Extent within, char const* occasion);
    void check_written(View& view, Pair& pair, char const* occasion);
    void check_all(View& view, Pair& pair, char const* occasion);
    void check_node(View& view, NodeId node, char const* occasion);
    void bind(View& view, GroupId group, Slot target, Slot source);
    void release(View& view, GroupId group, NodeId node);
    void bind_pair(View& view, GroupId group, Slot a, Slot b);
    /// What is left of a difference that no disk's lie explains.
    [[nodiscard]] static std::optional<Extent> unexplained(View const& view, Pair const& pair,
                                                           Extent difference);
    void report(View& view, Pair const& pair, Extent where, char const* occasion);

    std::vector<Pair> pairs_;
    std::vector<std::uint32_t> first_;  // of a group in pairs_
    /// By group and slot: what a node that is down would find.
    std::vector<std::optional<replication::IntentLog>> found_;
};

}  // namespace sunder::netsim
