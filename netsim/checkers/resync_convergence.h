// SPDX-License-Identifier: BSD-3-Clause
//
// resync_convergence (SAF-10): when the target of a resync calls itself up to date, it holds what
// its source holds. A state checker: at that moment whole copies are compared. Excepted are host
// writes that the target cannot have yet: in synchronous mode those that are asked and not
// answered, in asynchronous mode also the newest records, as many as the source has outstanding on
// this leg.
//
// It assumes that both nodes run and the leg stands; after a source has died, or gone on without a
// target whose last store was late, the two need not be equal.
#pragma once

#include "netsim/checkers/view.h"

#include <vector>

namespace sunder::netsim {

class ResyncConvergence {
public:
    static constexpr CheckerText text{"resync_convergence", "SAF-10",
                                      "a resync that completed left no difference behind"};

    void on(View& view, seen::RecordSent const& sent);
    void on(View& view, seen::NodeStarted const& started);
    void on(View& view, From from, replication::note::CopyCompleted const& completed);

private:
    /// The newest records of an asynchronous source, as a ring.
    struct Newest {
        std::vector<Extent> ranges;
        std::size_t next = 0;
        std::uint64_t newest = 0;  ///< its sequence
    };
    [[nodiscard]] bool on_the_way(View const& view, GroupId group, NodeId source, Slot target,
                                  Extent sector) const;

    std::vector<Newest> newest_;  // by group and slot
};

}  // namespace sunder::netsim
