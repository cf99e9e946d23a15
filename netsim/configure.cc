// SPDX-License-Identifier: BSD-3-Clause
//
// Which of a file's settings goes where.
#include "netsim/configure.h"

#include "base/verify.h"

#include <algorithm>

namespace sunder::netsim {

namespace {

using replication::GroupConfig;
using replication::Slot;

/// Whether the kernels that carry a node's copies can merge the other's intent log (R22).
bool can_merge(Cluster const& cluster, NodeId node) {
    NodeSetup const& setup = cluster.nodes[node.value];
    bool able = cluster.policy.bitmap_merge && setup.bitmap_merge;
    for (NodeId const server : setup.shared_by) {
        able = able && cluster.nodes[server.value].bitmap_merge;
    }
    return able;
}

/// A run is what the narrowest link carries in 100 ms, from 64 KiB to the longest; the window keeps
/// the link busy for a round trip and one run more (DESIGN 4).
void size_resync(GroupConfig& config, Network const& network, NodeId self,
                 MirrorSetup const& mirror, std::uint64_t most_run) {
    constexpr std::uint64_t least = 64 * 1024 / sector_bytes;
    std::uint64_t const most = most_run / sector_bytes;
    std::uint64_t run = most;
    std::uint64_t window = 0;
    for (NodeId const peer : mirror.on) {
        if (peer == self || !network.reaches(self.value, peer.value)) continue;
        std::uint64_t const bits = network.bandwidth(self.value, peer.value).bits_per_second;
        std::uint64_t const carried = bits / 8 / 10 / sector_bytes;
        run = std::min(run, std::clamp(carried, least, most));
        auto const round_trip = static_cast<std::uint64_t>(
            (network.latency(self.value, peer.value) + network.latency(peer.value, self.value)).ns);
        // bits/s times ns, without leaving 64 bits.
        std::uint64_t const flying = bits / 8 / sector_bytes * (round_trip / 1000) / 1'000'000;
        window = std::max(window, flying);
    }
    auto const whole_chunks = [&](std::uint64_t sectors) {
        return std::max<std::uint64_t>(sectors / config.chunk_sectors, 1) * config.chunk_sectors;
    };
    config.window_sectors = window + 2 * whole_chunks(run);
    // A slow resync sends small runs often, rather than large ones that hosts wait behind (R47).
    for (std::optional<Bandwidth> const& rate : {mirror.resync_rate.max, mirror.resync_rate.min}) {
        if (!rate) continue;
        std::uint64_t const granted = rate->bits_per_second / 8 / 10 / sector_bytes;
        run = std::min(run, std::clamp(granted, least, most));
    }
    config.run_sectors = whole_chunks(run);
}

/// What is said of each copy is said of all or of none.
bool every_place_is_told_of(MirrorSetup const& mirror) {
    auto const told = [&](auto const& list) {
        return list.empty() || list.size() == mirror.on.size();
    };
    return told(mirror.sectors_on) && told(mirror.priority) && told(mirror.extended) &&
           told(mirror.never_in_service);
}

/// Without what stands on it.
nodes::ResourceConfig resource_config(MirrorSetup const& mirror, GroupId group, std::size_t place) {
    VERIFY(every_place_is_told_of(mirror));
    nodes::ResourceConfig resource;
    resource.group = group;
    resource.self = Slot{static_cast<std::uint8_t>(place)};
    resource.members = mirror.on;
    resource.extended = 0;
    for (std::size_t other = 0; other < mirror.on.size(); ++other) {
        resource.priority.push_back(mirror.priority_of(other));
        for (std::size_t peer = 0; peer < mirror.on.size(); ++peer) {
            if (other == peer || !mirror.is_asynchronous(other, peer)) continue;
            resource.asynchronous[other] |= static_cast<replication::PeerMask>(1U << peer);
        }
        if (mirror.is_extended_to(other))
            resource.extended |= static_cast<replication::PeerMask>(1U << other);
        if (mirror.never_serves(other))
            resource.never_in_service |= static_cast<replication::PeerMask>(1U << other);
    }
    resource.unmirrored = mirror.unmirrored;
    resource.exported = mirror.exported;
    resource.large_enough = mirror.sectors_on.empty() || mirror.sectors_on[place] >= mirror.sectors;
    resource.intent_log = mirror.intent_log_chunk.has_value();
    resource.automatic_switchback = mirror.automatic_switchback;
    return resource;
}

void add_peer(nodes::NodeConfig& config, NodeId peer) {
    bool const known = std::ranges::find(config.peers, peer) != config.peers.end();
    if (peer != config.self && !known) config.peers.push_back(peer);
}

/// Who votes, who talks to whom beside those who share a mirror, who asks whom.
void configure_members(Cluster const& cluster, std::vector<nodes::NodeConfig>& configs) {
    QuorumSetup const& quorum = cluster.quorum;
    nodes::QuorumConfig config;
    config.mode = quorum.mode;
    config.tie_breakers = quorum.tie_breakers;
    config.ask_witnesses = quorum.mode != nodes::QuorumMode::none && quorum.ask_witnesses;
    config.on_loss = quorum.on_loss;
    for (nodes::NodeConfig const& node : configs) {
        bool const breaks_ties =
            std::ranges::find(quorum.tie_breakers, node.self) != quorum.tie_breakers.end();
        if (!breaks_ties && quorum.storage != node.self) config.voters.push_back(node.self);
    }
    for (nodes::NodeConfig& node : configs) {
        for (ConfirmSetup::Pair const& pair : cluster.confirm.pairs) {
            if (pair.to == node.self) node.confirm.from.push_back(pair.from);
        }
        node.confirm.timeout = cluster.confirm.timeout;
        node.confirm.proceeds = cluster.confirm.proceeds;
        if (quorum.mode == nodes::QuorumMode::none || quorum.storage == node.self) continue;
        node.quorum = config;
        if (quorum.mode != nodes::QuorumMode::majority) continue;
        for (nodes::NodeConfig const& other : configs) add_peer(node, other.self);
    }
}

}  // namespace

GroupConfig group_config(Cluster const& cluster, Network const& network, GroupId group,
                         std::size_t place, std::uint64_t most_run) {
    MirrorSetup const& mirror = cluster.mirrors[group.value];
    GroupConfig config;
    config.self = Slot{static_cast<std::uint8_t>(place)};
    config.group = group;
    config.copies = static_cast<unsigned>(mirror.on.size());
    for (std::size_t i = 0; i < mirror.on.size(); ++i) config.nodes[i] = mirror.on[i];
    config.sectors = mirror.sectors_on.empty() ? mirror.sectors : mirror.sectors_on[place];
    config.mirrored_sectors = mirror.sectors;
    for (std::size_t peer = 0; peer < mirror.on.size(); ++peer) {
        config.synchronous[peer] = !mirror.is_asynchronous(place, peer);
    }
    config.asynchronous_limit = mirror.asynchronous_limit;
    config.intent_log = mirror.intent_log_chunk.has_value();
    config.chunk_sectors = mirror.intent_log_chunk.value_or(KiB(64)).bytes / sector_bytes;
    config.bitmap_merge = can_merge(cluster, mirror.on[place]);
    config.guarded = cluster.policy.guarded;
    SplitBrainSetup const& split =
        mirror.split_brain ? *mirror.split_brain : cluster.policy.split_brain;
    config.split_brain = split.policy;
    for (std::size_t i = 0; i < mirror.on.size(); ++i) {
        if (split.node == mirror.on[i]) {
            config.split_brain_loser = Slot{static_cast<std::uint8_t>(i)};
        }
    }
    config.settle_interval = cluster.settle_interval;
    config.resync_rate = mirror.resync_rate;
    config.disk_errors = mirror.disk_errors;
    config.may_be_moved = !cluster.nodes[mirror.on[place].value].blocks_resource_failover;
    if (mirror.fallback_image) {
        config.fallback_sectors = mirror.fallback_image->bytes / sector_bytes;
    }
    bool const extended = mirror.is_extended_to(place);
    std::size_t first = 0;
    while (first < place && !mirror.is_extended_to(first)) ++first;
    config.first_source = extended && place == first;
    config.born_in_sync = mirror.initially_in_sync && extended;
    size_resync(config, network, mirror.on[place], mirror, most_run);
    return config;
}

std::vector<nodes::NodeConfig> node_configs(Cluster const& cluster) {
    std::vector<nodes::NodeConfig> configs(cluster.nodes.size());
    for (std::size_t n = 0; n < configs.size(); ++n) {
        configs[n].self = NodeId{static_cast<std::uint8_t>(n)};
        configs[n].guarded = cluster.policy.guarded;
        configs[n].fencing = cluster.fencing.has_value();
        configs[n].blocks_resource_failover = cluster.nodes[n].blocks_resource_failover;
        configs[n].shares_disk = !cluster.nodes[n].shared_by.empty();
    }
    for (std::uint16_t g = 0; g < cluster.mirrors.size(); ++g) {
        MirrorSetup const& mirror = cluster.mirrors[g];
        for (std::size_t place = 0; place < mirror.on.size(); ++place) {
            nodes::NodeConfig& config = configs[mirror.on[place].value];
            nodes::ResourceConfig resource = resource_config(mirror, GroupId{g}, place);
            if (has_hierarchy(cluster, GroupId{g})) {
                resource.hierarchy = std::make_shared<nodes::Hierarchy const>(mirror.hierarchy);
            }
            config.resources.push_back(std::move(resource));
            for (NodeId const peer : mirror.on) add_peer(config, peer);
        }
    }
    // Servers that share a disk watch each other.
    for (NodeSetup const& node : cluster.nodes) {
        for (NodeId const server : node.shared_by) {
            for (NodeId const other : node.shared_by) add_peer(configs[server.value], other);
        }
    }
    configure_members(cluster, configs);
    return configs;
}

bool has_hierarchy(Cluster const& cluster, GroupId group) {
    return std::ranges::any_of(cluster.resources,
                               [&](ResourceSetup const& one) { return one.mirror == group.value; });
}

}  // namespace sunder::netsim
