// SPDX-License-Identifier: BSD-3-Clause
//
// mirror_equality (SAF-9): a mirror that is fully operational and quiet is equal, and its intent
// logs are empty. A state checker. Fully operational: one copy serves, all others mirror in sync;
// quiet: no request, record, run or round of clearing is under way. Whole copies are compared at
// the end, and in between when bits were cleared to the last one, but not more often than every so
// many events, so that the cost of looking stays small beside the cost of running.
//
// Bits may wait for the settle timer, so they are demanded to be gone only when nothing is pending
// any more: then nobody would ever clear them (LIV-5).
#pragma once

#include "netsim/checkers/view.h"

#include <vector>

namespace sunder::netsim {

class MirrorEquality {
public:
    static constexpr CheckerText text{
        "mirror_equality", "SAF-9",
        "a quiet, fully operational mirror holds the same everywhere and has no intent bits"};

    void on(View& view, From from, replication::note::Settled const& settled);
    void on(View& view, From from, replication::note::DiskFailed const& failed);
    void on(View& view, seen::NodeStarted const& started);
    void finish(View& view);

private:
    static constexpr std::uint64_t events_between = 20'000;
    void compare(View& view, GroupId group, NodeId source);
    std::uint64_t next_ = 0;
    std::vector<bool> flush_failed_;  // by node
};

}  // namespace sunder::netsim
