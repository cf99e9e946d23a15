// SPDX-License-Identifier: BSD-3-Clause
//
// What a cluster comes to for each of its nodes and copies: the configurations that machines run
// with, simulated or real.
#pragma once

#include "netsim/cluster.h"
#include "netsim/network.h"
#include "nodes/config.h"
#include "replication/config.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sunder::netsim {

/// No run of a resync is longer, in bytes.
inline constexpr std::uint64_t longest_run = std::uint64_t{16} << 20;

/// Of the mirror's copy at a place of `on`. Runs and windows of a resync are what the network of
/// the file carries, a run at most as many bytes as said.
replication::GroupConfig group_config(Cluster const& cluster, Network const& network, GroupId group,
                                      std::size_t place, std::uint64_t most_run = longest_run);
/// By node.
std::vector<nodes::NodeConfig> node_configs(Cluster const& cluster);
/// Whether anything stands on the mirror, or may once it was created.
bool has_hierarchy(Cluster const& cluster, GroupId group);

}  // namespace sunder::netsim
