// SPDX-License-Identifier: BSD-3-Clause
//
// dependent_writes_in_order (SAF-2): the order of writes as applications depend on it, a database
// that writes its data when its log is written. A write that was asked for when another had been
// acknowledged is not found without that one on an asynchronous target that takes over, unless that
// one's place was written since; whichever volumes of the group the two were for. A history
// checker, but for the copy it reads when a node comes in service. asynchronous_prefix compares
// with the records that the source sent; that it sent all that it acknowledged, in an order that
// hosts could have seen, only this one can tell.
//
// It assumes that the target was in sync when it lost its source, and that nobody forced it online.
// It judges the writes of that source that were asked for since they came in sync, and knows
// nothing of an order between mirrors: each has its own.
#pragma once

#include "netsim/checkers/view.h"

#include <vector>

namespace sunder::netsim {

class DependentWritesInOrder {
public:
    static constexpr CheckerText text{"dependent_writes_in_order", "SAF-2",
                                      "an asynchronous target takes over with no write whose "
                                      "predecessor was acknowledged and is missing"};

    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View& view, From from, replication::note::CopyCompleted const& completed);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);

private:
    /// Since when a copy is in sync with which source.
    struct InSync {
        Slot source;
        Duration since;
    };
    void came_in_sync(View const& view, From from, Slot source);
    [[nodiscard]] InSync& of(View const& view, GroupId group, NodeId node);

    std::vector<InSync> in_sync_;  // by group and slot
};

}  // namespace sunder::netsim
