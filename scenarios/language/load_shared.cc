// SPDX-License-Identifier: BSD-3-Clause
//
// Reads disks that two servers share, and decides which multi-site clusters are possible (A.17).
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::language::loading {

namespace {

using netsim::Cluster;

bool is_shared(Cluster const& cluster, NodeId node) {
    return !cluster.nodes[node.value].shared_by.empty();
}

class SharedReader {
public:
    SharedReader(Node const& cluster_node, Cluster& cluster, Report const& report)
        : entries_(entries_of(cluster_node.find("nodes"))),
          cluster_(cluster),
          report_(report),
          names_(cluster, report) {}

    void read() {
        for (std::size_t n = 0; n < entries_.size(); ++n) {
            if (entries_[n].value.find("shared_by") != nullptr) read_servers(n);
        }
        for (std::size_t n = 0; n < entries_.size(); ++n) {
            if (!cluster_.nodes[n].shared_by.empty()) check(n);
        }
    }

private:
    void refuse(Span place, std::string what, std::string hint) const {
        report_.error(Code::bad_multi_site, place, std::move(what), {std::move(hint), {}});
    }

    void read_servers(std::size_t n) {
        std::vector<NodeId> servers;
        for (Node const& item : items_of(entries_[n].value.find("shared_by"))) {
            std::optional<NodeId> const server = names_.node(&item);
            if (!server) return;
            if (server->value == n || std::ranges::find(servers, *server) != servers.end()) {
                refuse(mark_of(item),
                       fmt::format("'{}' does not share a disk with itself", item.text),
                       "name two different servers");
                return;
            }
            servers.push_back(*server);
        }
        if (servers.size() == 2) cluster_.nodes[n].shared_by = std::move(servers);
    }

    void check(std::size_t n) {
        Node const& value = entries_[n].value;
        std::span<Node const> const servers = items_of(value.find("shared_by"));
        for (std::size_t s = 0; s < servers.size(); ++s) {
            NodeId const server = cluster_.nodes[n].shared_by[s];
            if (is_shared(cluster_, server)) {
                refuse(mark_of(servers[s]),
                       fmt::format("'{}' is a disk, not a server", servers[s].text),
                       "name the servers that it is attached to");
            }
        }
        for (char const* const key : {"started", "block_resource_failover", "bitmap_merge"}) {
            if (Node const* const found = value.find(key)) {
                refuse(mark_of(*found), fmt::format("a disk has no '{}'", key),
                       "write it at a server that shares the disk");
            }
        }
    }

    std::span<Entry const> entries_;
    Cluster& cluster_;
    Report const& report_;
    Names names_;
};

/// Some server shares both disks.
bool meet(Cluster const& cluster, NodeId a, NodeId b) {
    auto const& others = cluster.nodes[b.value].shared_by;
    return std::ranges::any_of(cluster.nodes[a.value].shared_by, [&](NodeId server) {
        return std::ranges::find(others, server) != others.end();
    });
}

/// Where links end, and who fails, is a server's matter.
void check_links(Node const& cluster_node, Cluster const& cluster, Report const& report) {
    for (Node const& item : items_of(cluster_node.find("network"))) {
        for (Node const& end : items_of(item.find("link"))) {
            for (netsim::NodeSetup const& node : cluster.nodes) {
                if (node.shared_by.empty() || text_of(&end) != node.name) continue;
                report.error(Code::bad_multi_site, mark_of(end),
                             fmt::format("'{}' is a disk, and has no link", node.name),
                             {"link the servers that share it", {}});
            }
        }
    }
}

/// R65, R115: not at the disaster-recovery servers either.
void check_failover(Node const& cluster_node, Report const& report) {
    for (Entry const& node : entries_of(cluster_node.find("nodes"))) {
        Node const* const blocks = node.value.find("block_resource_failover");
        bool const disk = node.value.find("shared_by") != nullptr;  // has been told
        if (disk || blocks == nullptr || !boolean_of(blocks).value_or(false)) continue;
        report.error(Code::bad_multi_site, mark_of(*blocks),
                     fmt::format("'{}' blocks resource failover, which no server of a multi-site "
                                 "cluster may (R65, R115)",
                                 node.key),
                     {"remove 'block_resource_failover'", {}});
    }
}

/// R118: it is the shared disk that is mirrored, to wherever.
void check_source(netsim::MirrorSetup const& mirror, std::span<Node const> on,
                  Cluster const& cluster, Report const& report) {
    if (mirror.on.empty() || is_shared(cluster, mirror.on.front())) return;
    for (NodeId const node : mirror.on) {
        if (!is_shared(cluster, node)) continue;
        report.error(Code::bad_multi_site, mark_of(on.front()),
                     fmt::format("'{}' is not a shared disk, and the source of multi-site mirror "
                                 "'{}' is on one (R118)",
                                 on.front().text, mirror.name),
                     {fmt::format("name '{}' first", cluster.nodes[node.value].name), {}});
        return;
    }
}

/// R114: one hierarchy a disk. R112: the other copies are somewhere else.
void check_mirror(netsim::MirrorSetup const& mirror, std::span<Node const> on,
                  Cluster const& cluster, std::vector<std::string>& used_by, Report const& report) {
    for (std::size_t place = 0; place < mirror.on.size() && place < on.size(); ++place) {
        NodeId const node = mirror.on[place];
        if (is_shared(cluster, node)) {
            std::string& user = used_by[node.value];
            if (!user.empty()) {
                report.error(
                    Code::bad_multi_site, mark_of(on[place]),
                    fmt::format("disk '{}' is already in use by mirror '{}' (R114, R116: 104108)",
                                on[place].text, user),
                    {"give each mirror a shared disk of its own, because a disk moves with "
                     "all that is on it",
                     {}});
            }
            user = mirror.name;
            for (std::size_t earlier = 0; earlier < place; ++earlier) {
                if (!meet(cluster, node, mirror.on[earlier])) continue;
                report.error(Code::bad_multi_site, mark_of(on[place]),
                             fmt::format("'{}' and '{}' may come to be on one server (R112)",
                                         on[earlier].text, on[place].text),
                             {"the disks of one mirror are shared by different servers", {}});
            }
            continue;
        }
        for (NodeId const other : mirror.on) {
            auto const& servers = cluster.nodes[other.value].shared_by;
            if (std::ranges::find(servers, node) == servers.end()) continue;
            report.error(Code::bad_multi_site, mark_of(on[place]),
                         fmt::format("'{}' shares disk '{}', which holds a copy already (R112)",
                                     on[place].text, cluster.nodes[other.value].name),
                         {"a disaster-recovery copy is on a server of its own", {}});
        }
    }
}

}  // namespace

void read_shared_disks(Node const& cluster_node, Cluster& cluster, Report const& report) {
    SharedReader(cluster_node, cluster, report).read();
}

void check_shared_disks(Node const& cluster_node, Cluster const& cluster, Report const& report) {
    std::vector<std::string> used_by(cluster.nodes.size());
    std::span<Entry const> const mirrors = entries_of(cluster_node.find("mirrors"));
    for (std::size_t m = 0; m < cluster.mirrors.size() && m < mirrors.size(); ++m) {
        std::span<Node const> const on = items_of(mirrors[m].value.find("on"));
        check_mirror(cluster.mirrors[m], on, cluster, used_by, report);
        check_source(cluster.mirrors[m], on, cluster, report);
    }
    check_links(cluster_node, cluster, report);
    bool const any = std::ranges::any_of(
        cluster.nodes, [](netsim::NodeSetup const& node) { return !node.shared_by.empty(); });
    if (any) check_failover(cluster_node, report);
    for (char const* const key : {"quorum", "fencing"}) {
        Node const* const found = cluster_node.find(key);
        if (!any || found == nullptr) continue;
        report.error(Code::bad_multi_site, mark_of(*found),
                     fmt::format("a cluster with a shared disk has no '{}' here", key),
                     {"the reservation of the disk decides between its servers; 'confirm_failover' "
                      "has a disaster-recovery node asked (R115)",
                      {}});
    }
}

std::optional<NodeId> shared_disk_of(NodeId server, std::uint16_t mirror, Cluster const& cluster) {
    for (NodeId const node : cluster.mirrors[mirror].on) {
        auto const& servers = cluster.nodes[node.value].shared_by;
        if (std::ranges::find(servers, server) != servers.end()) return node;
    }
    return std::nullopt;
}

}  // namespace sunder::language::loading
