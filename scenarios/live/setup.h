// SPDX-License-Identifier: BSD-3-Clause
//
// What a cluster of a scenario file comes to for a node that is real, and how all of it is made to
// go faster: every time-out, wait and rate of a node by one factor, so that ten minutes of a
// scenario take half a minute of a test. Addresses and folders are left to whoever runs the node.
#pragma once

#include "base/units.h"
#include "netsim/cluster.h"
#include "nodes/live/node_setup.h"

namespace sunder::staged {

/// Requires that the file's cluster is a possible one; whether a real node can be it, is for
/// `live::impossible` to say.
live::NodeSetup setup_of(netsim::Cluster const& cluster, NodeId self);

/// How many times as fast as in the file everything happens.
struct Speed {
    unsigned times = 1;
    [[nodiscard]] Duration real(Duration scenario) const { return {scenario.ns / times}; }
    [[nodiscard]] Duration scenario(Duration real) const { return {real.ns * times}; }
};

/// Every time that the node waits, and every rate.
void hasten(live::NodeSetup& setup, Speed speed);
/// Latencies, jitter and bandwidths of the links.
void hasten(netsim::Cluster& cluster, Speed speed);
void hasten(netsim::Degradation& how, Speed speed);

}  // namespace sunder::staged
