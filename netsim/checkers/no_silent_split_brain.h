// SPDX-License-Identifier: BSD-3-Clause
//
// no_silent_split_brain (SAF-6): no node's acknowledged writes are overwritten without a word. A
// history checker. A copy has writes of its own once it acknowledged one while its leg to another
// was down, until it has brought that other up to date. Then the other may not copy anything to it,
// or mirror to it, and when the two meet (both run and hear each other for long enough) and the
// other serves, or has writes of its own as well, both report split brain. The same holds when an
// operator forced a copy online past the node that was the last owner (R129). And nobody
// acknowledges a write without having said that it is in service.
//
// It assumes nothing: whatever was cut, whoever died, and whatever an operator said, it holds. But
// who has no memory to take in a word, or waits for a disk to store it, reports when that is over
// ("memory is full", "a disk hangs").
#pragma once

#include "netsim/checkers/view.h"

#include <optional>
#include <vector>

namespace sunder::netsim {

class NoSilentSplitBrain {
public:
    static constexpr CheckerText text{
        "no_silent_split_brain", "SAF-6",
        "two nodes that went their own ways both say so, and neither is copied over the other"};

    void on(View& view, seen::HostAnswered const& answered);
    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);
    void on(View& view, seen::NodeDied const& died);
    void on(View& view, seen::NodeStarted const& started);
    void on(View& view, seen::NodePaused const& paused);
    void on(View& view, seen::NodeResumed const& resumed);
    void on(View& view, seen::LinkCut const& cut);
    void on(View& view, seen::LinkHealed const& healed);
    void on(View& view, seen::MemoryPressed const& pressed);
    void on(View& view, seen::ClockStepped const& stepped);
    void on(View& view, seen::DiskFaulted const& faulted);
    [[nodiscard]] std::optional<Duration> deadline() const { return deadline_; }
    void passed(View& view);

private:
    void met(View& view);
    [[nodiscard]] static bool parted(Chronicle::Group const& group, std::size_t a, std::size_t b);

    std::optional<Duration> deadline_;  // all who are in contact now have said what they have to
};

}  // namespace sunder::netsim
