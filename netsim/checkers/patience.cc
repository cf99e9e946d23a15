// SPDX-License-Identifier: BSD-3-Clause
//
// What takes long, added up.
#include "netsim/checkers/patience.h"

#include <algorithm>

namespace sunder::netsim {

Duration resync_bound(View const& view, GroupId group, NodeId source, NodeId target) {
    Network const& network = view.world.network();
    std::uint64_t slowest = network.bandwidth(source.value, target.value).bits_per_second;
    for (NodeId const node : {source, target}) {
        DiskModel const& disk = view.world.cluster().nodes[node.value].disk;
        slowest = std::min(slowest, disk.bandwidth.bits_per_second);
    }
    replication::ResyncRate const& rate = view.mirror(group).resync_rate;
    for (std::optional<Bandwidth> const& limit : {rate.max, rate.min}) {
        if (limit) slowest = std::min(slowest, limit->bits_per_second);
    }
    Duration const once = std::min(
        Bandwidth{slowest}.time_for({view.mirror(group).sectors * sector_bytes}), hours(10'000));
    Duration const round_trip = network.round_trip(source.value, target.value) +
                                network.weather(source.value, target.value).jitter +
                                network.weather(target.value, source.value).jitter;
    std::int64_t const clock =
        std::max<std::int64_t>({100, view.world.node(source).clock, view.world.node(target).clock});
    Duration const settles{view.world.cluster().settle_interval.ns / 100 * clock};
    Duration const late = std::max(view.now(), late_until(view)) - view.now();
    return once * 20 + round_trip * 100 + seconds(10) + settles * 3 + late;
}

Duration late_until(View const& view) {
    Duration latest;
    for (std::uint8_t n = 0; n < view.world.cluster().nodes.size(); ++n) {
        latest = std::max(latest, view.world.node(NodeId{n}).late_until);
    }
    return latest;
}

}  // namespace sunder::netsim
