// SPDX-License-Identifier: BSD-3-Clause
//
// Reads `cluster:` except its mirrors, and decides which networks are impossible.
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace sunder::language::loading {

namespace {

/// Assigns what is there, and leaves the default where nothing is.
template <class Target, class Value>
void set_if(Target& target, std::optional<Value> const& value) {
    if (value) target = *value;
}

netsim::DiskModel read_disk(Node const* node, Report const& report) {
    netsim::DiskModel disk;
    if (node == nullptr) return disk;
    set_if(disk.latency, duration_of(node->find("latency")));
    set_if(disk.jitter, duration_of(node->find("jitter")));
    set_if(disk.bandwidth,
           bandwidth_above_zero(node->find("bandwidth"), report, "the bandwidth of the disk"));
    static constexpr std::pair<std::string_view, netsim::Tears> ways[] = {
        {"sectors", netsim::Tears::sectors},
        {"blocks", netsim::Tears::blocks},
        {"head", netsim::Tears::head},
        {"tail", netsim::Tears::tail}};
    for (auto const& [name, tears] : ways) {
        if (text_of(node->find("tears")) == name) disk.tears = tears;
    }
    disk.ignores_flushes = text_of(node->find("flushes")) == "ignored";
    return disk;
}

void read_nodes(Node const& cluster_node, netsim::Cluster& cluster, Report const& report) {
    for (Entry const& entry : entries_of(cluster_node.find("nodes"))) {
        if (entry.key == "none") {
            report.error(Code::bad_text, entry.key_span, "a node cannot be called 'none'",
                         {"'in_service: none' says that no node has the mirror in service", {}});
        }
        cluster.nodes.push_back(
            {entry.key,
             read_disk(entry.value.find("disk"), report),
             boolean_of(entry.value.find("started")).value_or(true),
             boolean_of(entry.value.find("block_resource_failover")).value_or(false),
             {},
             boolean_of(entry.value.find("bitmap_merge")).value_or(true)});
    }
}

void read_switches(Node const& cluster_node, netsim::Cluster& cluster, Report const& report) {
    for (Node const& item : items_of(cluster_node.find("switches"))) {
        std::string const name = text_of(&item).value_or("");
        auto const named = [&](netsim::NodeSetup const& node) { return node.name == name; };
        if (std::ranges::any_of(cluster.nodes, named)) {
            report.error(Code::duplicate_name, mark_of(item),
                         fmt::format("'{}' is already the name of a node", name),
                         {"a link could mean either", {}});
        } else if (!name.empty() &&
                   std::ranges::find(cluster.switches, name) != cluster.switches.end()) {
            report.error(Code::duplicate_name, mark_of(item),
                         fmt::format("'{}' is already the name of a switch", name));
        }
        cluster.switches.push_back(name);
    }
}

netsim::LinkModel read_direction(Node const* node, Report const& report) {
    netsim::LinkModel model;
    if (node == nullptr) return model;
    set_if(model.latency, duration_of(node->find("latency")));
    set_if(model.bandwidth,
           bandwidth_above_zero(node->find("bandwidth"), report, "the bandwidth of the link"));
    set_if(model.jitter, duration_of(node->find("jitter")));
    set_if(model.loss, loss_of(node->find("loss"), report));
    return model;
}

/// A link and where it stands; nothing if its ends are not to be known.
std::optional<netsim::LinkSetup> read_link(Node const& item, Names const& names) {
    std::span<Node const> const ends = items_of(item.find("link"));
    netsim::LinkSetup link;
    if (item.find("there") != nullptr || item.find("back") != nullptr) {
        link.there = read_direction(item.find("there"), names.report());
        link.back = read_direction(item.find("back"), names.report());
    } else {
        link.there = link.back = read_direction(&item, names.report());
    }
    if (ends.size() != 2) return std::nullopt;
    std::optional<netsim::Vertex> const a = names.vertex(&ends[0]);
    std::optional<netsim::Vertex> const b = names.vertex(&ends[1]);
    if (!a || !b) return std::nullopt;
    link.a = *a;
    link.b = *b;
    return link;
}

void read_links(Node const& cluster_node, netsim::Cluster& cluster, Report const& report) {
    Names const names(cluster, report);
    std::vector<std::uint32_t> lines;  // of the links
    for (Node const& item : items_of(cluster_node.find("network"))) {
        std::optional<netsim::LinkSetup> const link = read_link(item, names);
        if (!link) continue;
        Span const place = mark_of(*item.find("link"));
        auto const same = std::ranges::find_if(cluster.links, [&](netsim::LinkSetup const& other) {
            return std::minmax(other.a, other.b) == std::minmax(link->a, link->b);
        });
        if (link->a == link->b) {
            report.error(Code::bad_link, place,
                         fmt::format("'{}' is linked to itself", names.vertex_name(link->a)),
                         {"a link joins two different nodes or switches", {}});
        } else if (same != cluster.links.end()) {
            auto const index = static_cast<std::size_t>(same - cluster.links.begin());
            report.error(
                Code::bad_link, place,
                fmt::format("'{}' and '{}' are already linked on line {}",
                            names.vertex_name(link->a), names.vertex_name(link->b), lines[index]),
                {"a second way needs a switch of its own", {}});
        }
        cluster.links.push_back(*link);
        lines.push_back(place.begin.line);
    }
}

netsim::Detection read_detection(Node const* node, Report const& report) {
    netsim::Detection detection;
    if (node == nullptr) return detection;
    set_if(detection.interval,
           time_above_zero(node->find("interval"), report, "the interval between heartbeats"));
    if (auto const missed = integer_of(node->find("missed"))) {
        detection.missed = static_cast<std::uint32_t>(*missed);
    }
    set_if(detection.connection_timeout,
           time_above_zero(node->find("connection_timeout"), report, "the connection timeout"));
    set_if(detection.reconnect,
           time_above_zero(node->find("reconnect"), report, "the time until a reconnection"));
    set_if(detection.boot_wait, duration_of(node->find("boot_wait")));
    return detection;
}

/// Everything that packets from this node reach. Switches pass packets on, nodes do not.
std::vector<bool> reached_from(NodeId start, netsim::Cluster const& cluster) {
    std::vector<bool> reached(cluster.nodes.size() + cluster.switches.size());
    std::vector<netsim::Vertex> open{start.value};
    reached[start.value] = true;
    while (!open.empty()) {
        netsim::Vertex const here = open.back();
        open.pop_back();
        if (here != start.value && here < cluster.nodes.size()) continue;
        for (netsim::LinkSetup const& link : cluster.links) {
            if (link.a != here && link.b != here) continue;
            netsim::Vertex const there = link.a == here ? link.b : link.a;
            if (reached[there]) continue;
            reached[there] = true;
            open.push_back(there);
        }
    }
    return reached;
}

/// Whether there is a route between the two, wherever a shared disk is in service.
bool all_reach(NodeId from, NodeId to, netsim::Cluster const& cluster) {
    auto const servers = [&](NodeId node) {
        auto const& shared_by = cluster.nodes[node.value].shared_by;
        return shared_by.empty() ? std::vector{node} : shared_by;
    };
    return std::ranges::all_of(servers(from), [&](NodeId start) {
        std::vector<bool> const reached = reached_from(start, cluster);
        return std::ranges::all_of(servers(to), [&](NodeId end) { return reached[end.value]; });
    });
}

void check_routes(Node const& cluster_node, netsim::Cluster const& cluster, Report const& report) {
    std::span<Entry const> const mirrors = entries_of(cluster_node.find("mirrors"));
    for (std::size_t m = 0; m < cluster.mirrors.size(); ++m) {
        std::vector<NodeId> const& on = cluster.mirrors[m].on;
        std::span<Node const> const places = items_of(mirrors[m].value.find("on"));
        if (on.size() != places.size()) continue;  // an unknown name among them was reported
        for (std::size_t j = 1; j < on.size(); ++j) {
            auto const lost =
                std::find_if(on.begin(), on.begin() + static_cast<std::ptrdiff_t>(j),
                             [&](NodeId other) { return !all_reach(on[j], other, cluster); });
            if (lost == on.begin() + static_cast<std::ptrdiff_t>(j)) continue;
            report.error(Code::no_route, mark_of(places[j]),
                         fmt::format("no route joins '{}' and '{}', which mirror '{}' needs",
                                     cluster.nodes[lost->value].name,
                                     cluster.nodes[on[j].value].name, cluster.mirrors[m].name),
                         {"link them, or both to one switch; nodes pass nothing on", {}});
        }
    }
}

}  // namespace

netsim::Cluster read_cluster(Node const& node, Report const& report, bool intent_log_varies) {
    netsim::Cluster cluster;
    read_arrays(node, cluster, report);
    set_if(cluster.policy.guarded, guarded_of(node.find("policy")));
    set_if(cluster.policy.bitmap_merge, boolean_of(node.find("bitmap_merge")));
    read_nodes(node, cluster, report);
    read_shared_disks(node, cluster, report);
    set_if(cluster.policy.split_brain,
           Names(cluster, report).split_brain(node.find("split_brain")));
    read_switches(node, cluster, report);
    read_links(node, cluster, report);
    read_mirrors(node, cluster, report, intent_log_varies);
    check_shared_disks(node, cluster, report);
    read_hierarchies(node, cluster, report);
    read_members(node, cluster, report);
    // A link that could not be read may be the one that is missed.
    if (!cluster.links.empty() && cluster.links.size() == items_of(node.find("network")).size()) {
        check_routes(node, cluster, report);
    }
    cluster.detection = read_detection(node.find("detection"), report);
    set_if(cluster.settle_interval, duration_of(node.find("settle_interval")));
    return cluster;
}

}  // namespace sunder::language::loading
