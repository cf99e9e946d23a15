// SPDX-License-Identifier: BSD-3-Clause
//
// Routes by Boost.Graph, and the time that bytes take on them.
#include "netsim/network.h"

#include "base/verify.h"

#include <algorithm>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <utility>

namespace sunder::netsim {

Network::Network(Cluster const& cluster)
    : nodes_(cluster.nodes.size()), vertices_(cluster.nodes.size() + cluster.switches.size()) {
    for (LinkSetup const& link : cluster.links) {
        directions_.push_back({link.a, link.b, link.there, link.there});
        directions_.push_back({link.b, link.a, link.back, link.back});
    }
    for (Vertex node = 0; node < nodes_; ++node) {
        std::vector<NodeId> const& servers = cluster.nodes[node].shared_by;
        if (servers.empty()) continue;
        if (stands_at_.empty()) {
            for (Vertex one = 0; one < nodes_; ++one) stands_at_.push_back(one);
        }
        stand(node, servers.front().value);
    }
    find_routes();
}

/// All routes that start at `from`. Nodes pass nothing on; only switches do.
WayGraph Network::ways_out(Vertex from) const {
    WayGraph graph(vertices_);
    for (std::uint16_t d = 0; d < directions_.size(); ++d) {
        Direction const& direction = directions_[d];
        bool const forwards = direction.from == from || direction.from >= nodes_;
        if (direction.cut || !forwards) continue;
        // One more than the latency, so that of two routes without latency the shorter one wins.
        boost::add_edge(direction.from, direction.to, {direction.model.latency.ns + 1, d}, graph);
    }
    return graph;
}

void Network::find_routes() {
    auto routes = std::make_shared<std::vector<Route>>(nodes_ * nodes_);
    for (Vertex from = 0; from < nodes_; ++from) {
        WayGraph const graph = ways_out(from);
        std::vector<std::size_t> before(vertices_);
        std::vector<std::int64_t> distance(vertices_);
        boost::dijkstra_shortest_paths(graph, from,
                                       boost::weight_map(boost::get(&WayEdge::weight, graph))
                                           .predecessor_map(before.data())
                                           .distance_map(distance.data()));
        for (Vertex to = 0; to < nodes_; ++to) {
            if (to == from || before[to] == to) continue;
            Route& route = (*routes)[from * nodes_ + to];
            route.up = true;
            route.bandwidth = {~std::uint64_t{0}};
            for (std::size_t v = to; v != from; v = before[v]) {
                auto const [edge, found] = boost::edge(before[v], v, graph);
                VERIFY(found);
                Direction const& direction = directions_[graph[edge].direction];
                route.directions.push_back(graph[edge].direction);
                route.latency += direction.model.latency;
                route.bandwidth = std::min(route.bandwidth, direction.model.bandwidth);
                route.weather.jitter += direction.model.jitter;
                route.weather.lost = either(route.weather.lost, odds_of(direction.model.loss));
                route.severed.heartbeats |= direction.severed.heartbeats;
                route.severed.data |= direction.severed.data;
                route.impaired = route.impaired || direction.model != direction.built ||
                                 direction.model.loss != Share{} || direction.severed.any();
            }
            std::ranges::reverse(route.directions);
        }
    }
    routes_ = std::move(routes);
}

Duration Network::transfer(Vertex from, Vertex to, Duration now, std::uint64_t bytes) {
    Route const& way = route(from, to);
    VERIFY(way.up);
    Duration at = now;
    for (std::uint16_t const d : way.directions) {
        LinkModel const& link = directions_[d].model;
        at = cross(d, at, now, link.bandwidth.time_for({bytes})) + link.latency;
    }
    return at;
}

Duration Network::free_at(Vertex from, Vertex to) const {
    Duration free;
    for (std::uint16_t const d : route(from, to).directions) {
        free = std::max(free, directions_[d].busy_until);
    }
    return free;
}

/// When what reaches a link at `at` has crossed it, without its latency. It goes as a whole, as
/// soon as the link is free for so long.
Duration Network::cross(std::uint16_t direction, Duration at, Duration now, Duration takes) {
    if (!gaps_.empty()) std::erase_if(gaps_, [&](Gap const& gap) { return gap.end <= now; });
    for (std::size_t g = 0; g < gaps_.size(); ++g) {
        Gap const gap = gaps_[g];
        Duration const begin = std::max(at, gap.begin);
        if (gap.direction != direction || begin + takes > gap.end) continue;
        Duration const end = begin + takes;
        // What is left of it before and behind.
        gaps_[g] = {direction, end, gap.end};
        if (end == gap.end) gaps_.erase(gaps_.begin() + static_cast<std::ptrdiff_t>(g));
        if (gap.begin < begin) {
            gaps_.insert(gaps_.begin() + static_cast<std::ptrdiff_t>(g),
                         {direction, gap.begin, begin});
        }
        return end;
    }
    Duration& busy_until = directions_[direction].busy_until;
    Duration const free = std::max(busy_until, now);
    Duration const begin = std::max(at, busy_until);
    if (free < begin) gaps_.push_back({direction, free, begin});
    busy_until = begin + takes;
    return busy_until;
}

template <class How>
void Network::for_each_way(Vertex from, Vertex to, How const& how) {
    bool found = false;
    for (Direction& direction : directions_) {
        if (direction.from != from || direction.to != to) continue;
        how(direction);
        found = true;
    }
    VERIFY(found);
}

void Network::sever(Vertex from, Vertex to, Severed what) {
    for_each_way(from, to, [&](Direction& direction) {
        direction.cut |= what == Severed::everything;
        direction.severed.heartbeats |= what == Severed::heartbeats;
        direction.severed.data |= what == Severed::data;
    });
}

void Network::join(Vertex from, Vertex to) {
    for_each_way(from, to, [](Direction& direction) {
        direction.cut = false;
        direction.severed = {};
    });
}

bool Network::is_cut(Vertex a, Vertex b) const {
    return std::ranges::any_of(directions_, [&](Direction const& way) {
        bool const there = way.from == a && way.to == b;
        bool const back = way.from == b && way.to == a;
        return way.cut && (there || back);
    });
}

Fingerprint Network::fingerprint() const {
    Hasher hasher;
    for (Direction const& way : directions_) {
        hasher.add(static_cast<std::uint8_t>(way.cut | way.severed.heartbeats << 1 |
                                             way.severed.data << 2));
        if (way.model == way.built) continue;
        hasher.add(hash_words(static_cast<std::uint64_t>(way.model.latency.ns),
                              static_cast<std::uint64_t>(way.model.jitter.ns),
                              way.model.bandwidth.bits_per_second, way.model.loss.millionths));
    }
    for (Vertex const at : stands_at_) hasher.add(at);
    return hasher.result();
}

void Network::cut(Vertex a, Vertex b, bool one_way, Severed what) {
    sever(a, b, what);
    if (!one_way) sever(b, a, what);
    find_routes();
}

/// A link that gets faster does not keep what waits for it waiting as long as it would have, nor do
/// the links behind it: what is under way is sent again.
bool Network::change(Direction& direction, LinkModel const& model) {
    LinkModel const before = std::exchange(direction.model, model);
    bool const better = model.latency < before.latency || model.bandwidth > before.bandwidth ||
                        model.jitter < before.jitter || model.loss < before.loss;
    if (!better) return false;
    for (Direction& any : directions_) any.busy_until = {};
    gaps_.clear();
    return true;
}

bool Network::heal(Vertex a, Vertex b) {
    join(a, b);
    join(b, a);
    bool better = false;
    for (Direction& way : directions_) {
        bool const meant = (way.from == a && way.to == b) || (way.from == b && way.to == a);
        if (meant && way.model != way.built) better = change(way, way.built) || better;
    }
    find_routes();
    return better;
}

bool Network::degrade(Vertex a, Vertex b, bool one_way, Degradation const& how) {
    bool better = false;
    bool found = false;
    for (Direction& way : directions_) {
        bool const there = way.from == a && way.to == b;
        bool const back = way.from == b && way.to == a && !one_way;
        if (!there && !back) continue;
        LinkModel model = way.model;
        model.latency = how.latency.value_or(model.latency);
        model.jitter = how.jitter.value_or(model.jitter);
        model.loss = how.loss.value_or(model.loss);
        model.bandwidth = how.bandwidth.value_or(model.bandwidth);
        better = change(way, model) || better;
        found = true;
    }
    VERIFY(found);
    find_routes();
    return better;
}

}  // namespace sunder::netsim
