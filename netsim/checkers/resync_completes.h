// SPDX-License-Identifier: BSD-3-Clause
//
// resync_completes (LIV-1): a resync that was decided upon comes to its end within a bound, as long
// as nothing fails meanwhile. A history checker with a deadline per pair of copies (patience.h),
// later by an operation of either disk that began when it was slowest.
//
// Every fault (a death, a start, a pause, a cut, a degraded link, a failing or slow disk) takes the
// deadlines of those it concerns away; the next decision sets a new one, but on links that are
// degraded, or lose what is sent.
#pragma once

#include "netsim/checkers/view.h"

#include <optional>
#include <vector>

namespace sunder::netsim {

class ResyncCompletes {
public:
    static constexpr CheckerText text{"resync_completes", "LIV-1",
                                      "a resync that nothing interrupts comes to its end"};

    void on(View& view, From from, replication::note::ResyncDecided const& decided);
    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View& view, seen::NodeDied const&) { give_up(view); }
    void on(View& view, seen::NodePaused const&) { give_up(view); }
    void on(View& view, seen::LinkCut const&) { give_up(view); }
    void on(View& view, seen::LinkDegraded const&) { give_up(view); }
    void on(View& view, seen::DiskFaulted const& faulted);
    void on(View& view, seen::DiskTrapped const&) { give_up(view); }
    void on(View& view, seen::MemoryPressed const&) { give_up(view); }
    void on(View& view, seen::ClockSkewed const&) { give_up(view); }
    void on(View& view, seen::ClockStepped const&) { give_up(view); }
    [[nodiscard]] std::optional<Duration> deadline() const;
    void finish(View&);
    void passed(View& view);

private:
    struct Waiting {
        GroupId group;
        Slot source;
        Slot target;
        Duration since;
        Duration until;
    };
    void give_up(View& view);
    [[nodiscard]] Duration slowest_operation(View const& view, NodeId node) const;
    std::vector<Waiting> waiting_;
    std::vector<std::uint32_t> slowest_;  // that each node's disks have been, in this run
};

}  // namespace sunder::netsim
