// SPDX-License-Identifier: BSD-3-Clause
//
// The network between vertices: links with latency and bandwidth per direction, cuts per direction,
// and routes, which are shortest by latency over what is not cut. Bandwidth is shared: whatever
// crosses a link waits for what was sent before.
#pragma once

#include "base/hash.h"
#include "base/units.h"
#include "netsim/cluster.h"

#include <boost/graph/adjacency_list.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace sunder::netsim {

struct WayEdge {
    std::int64_t weight = 0;
    std::uint16_t direction = 0;
};
using WayGraph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, WayEdge>;

class Network {
public:
    Network() = default;
    explicit Network(Cluster const& cluster);

    /// True when something sent now from one node would reach the other.
    [[nodiscard]] bool reaches(Vertex from, Vertex to) const { return route(from, to).up; }
    /// The moment at which the last byte arrives. Requires `reaches`.
    Duration transfer(Vertex from, Vertex to, Duration now, std::uint64_t bytes);
    /// One-way latency and the narrowest link of the present route.
    [[nodiscard]] Duration latency(Vertex from, Vertex to) const { return route(from, to).latency; }
    [[nodiscard]] Bandwidth bandwidth(Vertex from, Vertex to) const {
        return route(from, to).bandwidth;
    }

    /// Cuts a link in both directions, or only what flows from a to b. Requires that the link
    /// exists.
    void cut(Vertex a, Vertex b, bool one_way);
    void heal(Vertex a, Vertex b);
    /// True when one direction at least of the link between the two is cut.
    [[nodiscard]] bool is_cut(Vertex a, Vertex b) const;
    /// From now on `node` is found where `server` is.
    void stand(Vertex node, Vertex server) { stands_at_[node] = server; }
    /// Of what is cut; bytes on the way are not looked at.
    [[nodiscard]] Fingerprint fingerprint() const;

private:
    struct Direction {
        Vertex from = 0;
        Vertex to = 0;
        LinkModel model;
        bool cut = false;
        Duration busy_until;
    };
    struct Route {
        bool up = false;
        Duration latency;
        Bandwidth bandwidth;
        std::vector<std::uint16_t> directions;
    };
    [[nodiscard]] Route const& route(Vertex from, Vertex to) const {
        return (*routes_)[place(from) * nodes_ + place(to)];
    }
    [[nodiscard]] Vertex place(Vertex node) const {
        return stands_at_.empty() ? node : stands_at_[node];
    }
    [[nodiscard]] WayGraph ways_out(Vertex from) const;
    void find_routes();
    void set_cut(Vertex from, Vertex to, bool cut);

    std::size_t nodes_ = 0;
    std::size_t vertices_ = 0;
    std::vector<Vertex> stands_at_;  // by node, where some are found elsewhere
    std::vector<Direction> directions_;
    std::shared_ptr<std::vector<Route> const> routes_;  // between nodes only; copies share them
};

}  // namespace sunder::netsim
