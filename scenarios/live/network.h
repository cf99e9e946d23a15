// SPDX-License-Identifier: BSD-3-Clause
//
// What lies between real nodes: relays of streams and datagrams on Unix sockets, shaped by the
// network that simulations have, with its links, latencies, bandwidths, routes and cuts. Behind a
// cut datagrams are lost and streams stand still, as TCP's do; nobody is told. Where a link loses
// something, datagrams are gone and streams are late. A thread of its own moves the bytes. Times
// are real ones.
#pragma once

#include "base/ids.h"
#include "base/random.h"
#include "netsim/cluster.h"
#include "netsim/network.h"
#include "scenarios/live/setup.h"

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sunder::staged {

class LiveNetwork {
public:
    /// Its sockets lie in the folder, where each node's own are NODE.peers and NODE.peers.beats.
    /// Throws std::system_error when they cannot be made.
    /// The cluster's links are as fast as they are to be; what is said of them later, and what TCP
    /// waits, is that of the file.
    LiveNetwork(netsim::Cluster const& cluster, std::filesystem::path folder, Speed speed);
    ~LiveNetwork();
    LiveNetwork(LiveNetwork const&) = delete;
    LiveNetwork& operator=(LiveNetwork const&) = delete;

    /// Where `from` finds `to`; with .beats behind it, where it sends its beats.
    [[nodiscard]] std::string between(NodeId from, NodeId to) const;

    /// Whether a connection between the two can be made.
    [[nodiscard]] bool joins(NodeId a, NodeId b);
    void cut(netsim::Vertex a, netsim::Vertex b, bool one_way,
             netsim::Severed what = netsim::Severed::everything);
    void heal(netsim::Vertex a, netsim::Vertex b);
    void degrade(netsim::Vertex a, netsim::Vertex b, bool one_way, netsim::Degradation how);
    /// Ends the connections between the two; half open: only a is told, and b hears no more.
    void reset(NodeId a, NodeId b, bool half_open);
    /// Of the next bytes of a stream.
    void damage(NodeId from, NodeId to, netsim::Damage how);
    /// The node has lost its power: nobody is told that its connections are gone.
    void power_cut(NodeId node);

private:
    using Clock = std::chrono::steady_clock;
    struct Chunk {
        Clock::time_point due;
        std::vector<std::byte> bytes;
        std::size_t sent = 0;
    };
    /// One direction of a connection.
    struct Flow {
        NodeId from;
        NodeId to;
        std::deque<Chunk> chunks;
        std::size_t queued = 0;
        bool ended = false;      // its source has closed it
        bool told = false;       // and its sink knows
        Clock::time_point ends;  // when it is to know
    };
    struct End {
        int socket = -1;
        bool gone = false;  // of a silent connection: who held it has given it up
    };
    struct Connection {
        NodeId dialled_by;
        NodeId dialled;
        End near;  // of who dialled
        End far;
        Flow there;  // from near to far
        Flow back;
        bool silent = false;                        // nothing passes any more, and nobody is told
        std::optional<Clock::time_point> filtered;  // since when heartbeats alone get through
        bool over = false;
    };
    struct Listener {
        int socket = -1;
        NodeId from;
        NodeId to;
        bool beats = false;
    };
    struct Harm {
        NodeId from;
        NodeId to;
        netsim::Damage how = netsim::Damage::flipped_bit;
    };
    struct Beat {
        Clock::time_point due;
        NodeId to;
        std::vector<std::byte> bytes;
    };

    void run();
    void accept(Listener const& listener);
    void take_beat(Listener const& listener);
    void send_beats();
    [[nodiscard]] std::size_t chunk(Flow const& flow) const;
    /// False when the stream ends within the chunk.
    bool harm(Flow const& flow, Chunk& chunk);
    void read(End const& source, Flow& flow);
    /// True when it waits for room at the sink.
    bool write(Connection& connection, End& sink, Flow& flow);
    void end(Connection& connection);
    void end_if_given_up(Connection& connection);
    [[nodiscard]] bool filtered_for_long(Connection& connection) const;
    void pass_on(Connection& connection, std::vector<pollfd>& sockets, Clock::time_point& until);
    [[nodiscard]] bool reaches(NodeId from, NodeId to) const {
        return network_.reaches(from.value, to.value);
    }
    /// A connection can be made.
    [[nodiscard]] bool meet(NodeId a, NodeId b) const { return reaches(a, b) && reaches(b, a); }
    [[nodiscard]] Duration now() const;
    [[nodiscard]] Clock::time_point arrival(NodeId from, NodeId to, std::size_t bytes);
    [[nodiscard]] std::chrono::nanoseconds jitter(NodeId from, NodeId to);
    void hurry();

    std::filesystem::path folder_;
    Speed speed_;
    Duration patience_;  // with a connection that is filtered out
    std::vector<std::string> names_;
    Clock::time_point const began_ = Clock::now();
    std::mutex lock_;  // of everything below
    netsim::Network network_;
    RandomStream chance_{1, 0, 0};  // of nothing that repeats: these times are real ones
    std::vector<Listener> listeners_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::deque<Beat> beats_;
    std::vector<Harm> harms_;  // that are to be done
    int beat_sender_ = -1;
    int wake_ = -1;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace sunder::staged
