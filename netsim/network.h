// SPDX-License-Identifier: BSD-3-Clause
//
// The network between vertices: links with latency and bandwidth per direction, cuts per direction,
// and routes, which are shortest by latency over what is not cut. Bandwidth is shared: whatever
// crosses a link waits for what is there before it; what will reach a switch later, because the way
// to it is slow, keeps nobody waiting there. It knows what chance does on a way (weather.h), and
// draws nothing itself.
#pragma once

#include "base/hash.h"
#include "base/units.h"
#include "netsim/cluster.h"
#include "netsim/weather.h"

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

    /// True when what is sent now in a connection would reach the other node.
    [[nodiscard]] bool reaches(Vertex from, Vertex to) const {
        Route const& way = route(from, to);
        return way.up && !way.severed.data;
    }
    /// The same of a heartbeat.
    [[nodiscard]] bool beats_reach(Vertex from, Vertex to) const {
        Route const& way = route(from, to);
        return way.up && !way.severed.heartbeats;
    }
    /// The moment at which the last byte arrives in fair weather. Requires `reaches`.
    Duration transfer(Vertex from, Vertex to, Duration now, std::uint64_t bytes);
    /// One-way latency and the narrowest link of the present route.
    [[nodiscard]] Duration latency(Vertex from, Vertex to) const { return route(from, to).latency; }
    [[nodiscard]] Bandwidth bandwidth(Vertex from, Vertex to) const {
        return route(from, to).bandwidth;
    }

    /// Of the whole present route.
    [[nodiscard]] Weather const& weather(Vertex from, Vertex to) const {
        return route(from, to).weather;
    }
    [[nodiscard]] Duration round_trip(Vertex a, Vertex b) const {
        return latency(a, b) + latency(b, a);
    }

    /// Cuts a link in both directions, or only what flows from a to b: for everything, or for a
    /// part of it, which finds no other route then. Requires that the link exists.
    void cut(Vertex a, Vertex b, bool one_way, Severed what = Severed::everything);
    /// The link is again as it was built, in both directions. True when something of it is better
    /// than before, so that what is under way may arrive sooner.
    bool heal(Vertex a, Vertex b);
    /// The same of a link that gets worse, or better. Requires that it exists.
    bool degrade(Vertex a, Vertex b, bool one_way, Degradation const& how);
    /// True while something may come late or not at all between the two that would not on links
    /// as they were built, and without loss.
    [[nodiscard]] bool impaired(Vertex a, Vertex b) const {
        return route(a, b).impaired || route(b, a).impaired;
    }
    /// True when one direction at least of the link between the two is cut.
    [[nodiscard]] bool is_cut(Vertex a, Vertex b) const;
    /// From now on `node` is found where `server` is.
    void stand(Vertex node, Vertex server) { stands_at_[node] = server; }
    /// When what was given to the links from one to the other by now has crossed them; no sooner
    /// than that does what is sent next. Zero where there is no way.
    [[nodiscard]] Duration free_at(Vertex from, Vertex to) const;
    /// Of what is cut or not as it was built; bytes on the way are not looked at.
    [[nodiscard]] Fingerprint fingerprint() const;

private:
    /// What does not get through, although there is a way.
    struct Filter {
        bool heartbeats = false;
        bool data = false;
        [[nodiscard]] bool any() const { return heartbeats || data; }
    };
    struct Direction {
        Vertex from = 0;
        Vertex to = 0;
        LinkModel built;
        LinkModel model{};  // as it is now
        bool cut = false;
        Filter severed{};
        Duration busy_until{};
    };
    struct Route {
        bool up = false;
        Filter severed;
        Duration latency;
        Bandwidth bandwidth;
        Weather weather;
        bool impaired = false;
        std::vector<std::uint16_t> directions;
    };
    [[nodiscard]] Route const& route(Vertex from, Vertex to) const {
        return (*routes_)[place(from) * nodes_ + place(to)];
    }
    [[nodiscard]] Vertex place(Vertex node) const {
        return stands_at_.empty() ? node : stands_at_[node];
    }
    /// Where a direction is free although something will cross it later.
    struct Gap {
        std::uint16_t direction = 0;
        Duration begin;
        Duration end;
    };
    Duration cross(std::uint16_t direction, Duration at, Duration now, Duration takes);
    [[nodiscard]] WayGraph ways_out(Vertex from) const;
    void find_routes();
    template <class How>
    void for_each_way(Vertex from, Vertex to, How const& how);
    void sever(Vertex from, Vertex to, Severed what);
    void join(Vertex from, Vertex to);
    [[nodiscard]] bool change(Direction& direction, LinkModel const& model);

    std::size_t nodes_ = 0;
    std::size_t vertices_ = 0;
    std::vector<Vertex> stands_at_;  // by node, where some are found elsewhere
    std::vector<Direction> directions_;
    std::vector<Gap> gaps_;  // earliest first; only of links that begin at a switch
    std::shared_ptr<std::vector<Route> const> routes_;  // between nodes only; copies share them
};

}  // namespace sunder::netsim
