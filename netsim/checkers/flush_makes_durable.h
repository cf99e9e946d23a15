// SPDX-License-Identifier: BSD-3-Clause
//
// flush_makes_durable (SAF-13): when a flush is answered, every write that was complete when it was
// asked is stable on the source and on every synchronous target that is in sync (G10); the same
// goes for the range of a write with FUA. A state checker: it looks into the disks for writes that
// a power cut could still take back. And a failed flush is sticky (G11): nothing that is asked
// after it is called durable, until the node has started again or its copy has been made anew by a
// resync.
//
// An asynchronous target promises nothing at a flush; its order is asynchronous_prefix's business.
#pragma once

#include "netsim/checkers/view.h"

#include <optional>
#include <vector>

namespace sunder::netsim {

class FlushMakesDurable {
public:
    static constexpr CheckerText text{"flush_makes_durable", "SAF-13",
                                      "an answered flush is stable on every copy in sync, and a "
                                      "failed one is not believed later",
                                      true};

    void on(View& view, seen::HostAsked const& asked);
    void on(View& view, seen::HostAnswered const& answered);
    void on(View& view, seen::NodeDied const& died);
    void on(View& view, seen::NodeStarted const& started);
    void on(View& view, From from, replication::note::DiskFailed const& failed);
    void on(View& view, From from, replication::note::CopyCompleted const& completed);

private:
    struct Flush {
        RequestId request;
        NodeId node;
        replication::PerCopy<std::uint64_t> written{};  ///< of each disk, when it was asked
    };
    std::optional<Duration>& failure(View const& view, GroupId group, NodeId node);
    void check_copies(View& view, Request const& request, Flush const* flush);

    std::vector<Flush> flushes_;                     // not answered yet
    std::vector<std::optional<Duration>> failures_;  // by group and slot: while it served
};

}  // namespace sunder::netsim
