// SPDX-License-Identifier: BSD-3-Clause
//
// Which of a cluster's settings a real node has, and which of them are times.
#include "scenarios/live/setup.h"

#include "netsim/configure.h"
#include "netsim/network.h"

#include <cstdint>

namespace sunder::staged {

namespace {

/// Real bytes go through caches and memory that is made for them: longer runs of a resync are
/// slower, and let both nodes wait for each other.
constexpr std::uint64_t longest_real_run = std::uint64_t{1} << 20;

}  // namespace

live::NodeSetup setup_of(netsim::Cluster const& cluster, NodeId self) {
    live::NodeSetup setup;
    for (netsim::NodeSetup const& node : cluster.nodes)
        setup.members.push_back({node.name, {}, {}});
    setup.config = netsim::node_configs(cluster)[self.value];
    netsim::Network const network(cluster);
    for (nodes::ResourceConfig const& resource : setup.config.resources) {
        netsim::MirrorSetup const& mirror = cluster.mirrors[resource.group.value];
        live::MirrorSetup made;
        made.name = mirror.name;
        made.config = netsim::group_config(cluster, network, resource.group, resource.self.value,
                                           longest_real_run);
        for (netsim::VolumeSetup const& volume : mirror.volumes) {
            made.volumes.push_back({volume.name, volume.sectors});
        }
        // Hosts see what is mirrored, wherever it is in service; a disk may be larger (R5).
        if (made.volumes.empty()) made.volumes.push_back({mirror.name, mirror.sectors});
        setup.mirrors.push_back(std::move(made));
    }
    for (netsim::ResourceSetup const& resource : cluster.resources) {
        live::ResourceSetup made{resource.name, {}, {}};
        made.check_every = resource.check;
        setup.resources.push_back(std::move(made));
    }
    setup.detection = cluster.detection;
    setup.fencing.delay.resize(cluster.nodes.size());
    if (cluster.fencing && !cluster.fencing->delay.empty()) {
        setup.fencing.delay = cluster.fencing->delay;
    }
    return setup;
}

namespace {

Bandwidth faster(Bandwidth bandwidth, Speed speed) {
    return {bandwidth.bits_per_second * speed.times};
}

}  // namespace

void hasten(live::NodeSetup& setup, Speed speed) {
    nodes::Detection& detection = setup.detection;
    for (Duration* const time :
         {&detection.interval, &detection.connection_timeout, &detection.reconnect,
          &detection.boot_wait, &setup.config.confirm.timeout}) {
        *time = speed.real(*time);
    }
    for (Duration& delay : setup.fencing.delay) delay = speed.real(delay);
    for (live::ResourceSetup& resource : setup.resources) {
        resource.check_every = speed.real(resource.check_every);
    }
    for (live::MirrorSetup& mirror : setup.mirrors) {
        mirror.config.settle_interval = speed.real(mirror.config.settle_interval);
        for (std::optional<Bandwidth>* const rate :
             {&mirror.config.resync_rate.max, &mirror.config.resync_rate.min}) {
            if (*rate) *rate = faster(**rate, speed);
        }
    }
}

void hasten(netsim::Cluster& cluster, Speed speed) {
    for (netsim::LinkSetup& link : cluster.links) {
        for (netsim::LinkModel* const way : {&link.there, &link.back}) {
            way->latency = speed.real(way->latency);
            way->jitter = speed.real(way->jitter);
            way->bandwidth = faster(way->bandwidth, speed);
        }
    }
}

void hasten(netsim::Degradation& how, Speed speed) {
    if (how.latency) how.latency = speed.real(*how.latency);
    if (how.jitter) how.jitter = speed.real(*how.jitter);
    if (how.bandwidth) how.bandwidth = faster(*how.bandwidth, speed);
}

}  // namespace sunder::staged
