// SPDX-License-Identifier: BSD-3-Clause
//
// Runs a node for real: its membership machine on a thread of Asio, its mirrors, the connections to
// the others, and what it is asked by operators. The machines are those of the simulator; here they
// get sockets, clocks and disks. It decides nothing but what a restart of the process means.
#pragma once

#include "nodes/live/beats.h"
#include "nodes/live/breakpoint.h"
#include "nodes/live/clock.h"
#include "nodes/live/group_driver.h"
#include "nodes/live/node_setup.h"
#include "nodes/live/peers.h"
#include "nodes/live/recorder.h"
#include "nodes/live/refusals.h"
#include "nodes/live/resource_driver.h"
#include "nodes/node_machine.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sunder::live {

/// What a node says while it runs; by the thread on which it happens, which is not to be kept.
struct NodeEvents {
    std::function<void(nodes::Note const&)> node;
    std::function<void(std::size_t mirror, replication::Note const&)> mirror;
    /// As a mirror tells it (GroupDriver::Told).
    std::function<void(std::size_t mirror, replication::Held const&, Duration)> held;
    std::function<void(std::string const&)> words;  ///< of what has no machine: refused connections
    /// Hosts may use it, or not any more; in the order of what happened.
    std::function<void(std::size_t mirror, bool open)> opened;
    /// R69: this process is to end at once, and to begin anew or not.
    std::function<void(bool reboots)> stop;
};

/// An order as it was said, and the mirrors that it is about.
struct OrderAbout {
    std::string words{};
    std::vector<std::size_t> mirrors{};
};

class NodeDriver final : private PeerEvents {
public:
    struct Copy {  // of a mirror here, in the order of the setup
        CopyDisk disk;
        std::unique_ptr<MirrorStore> store;
    };
    struct Answer {
        bool granted = false;
        std::string rule;
    };

    /// Takes the sockets. `life` is never used twice by this node. At most so many writes of one
    /// mirror are under way at once.
    static std::expected<std::unique_ptr<NodeDriver>, std::string> open(NodeSetup setup,
                                                                        std::uint64_t life,
                                                                        std::vector<Copy> copies,
                                                                        NodeEvents events,
                                                                        unsigned most_writes);
    ~NodeDriver();
    NodeDriver(NodeDriver const&) = delete;
    NodeDriver& operator=(NodeDriver const&) = delete;

    /// To be called in the process that serves, after it forked.
    void start();
    void stop();

    [[nodiscard]] NodeSetup const& setup() const { return setup_; }
    GroupDriver& mirror(std::size_t place) { return *groups_[place]; }
    Beats& beats() { return *beats_; }
    Peers& peers() { return *peers_; }
    /// How many connections of strangers were refused since the process began.
    [[nodiscard]] std::uint64_t refused_connections() const { return refused_connections_; }
    /// What stands on a mirror; null: nothing. To be looked at on the node's thread (`look_at`).
    [[nodiscard]] ResourceDriver const* above(std::size_t mirror) const {
        return above_[mirror].get();
    }
    Breakpoint& breakpoint(std::size_t mirror) { return breakpoints_[mirror]; }

    /// What an operator asks; `make` is given the name of the request. Waits for the answer, not
    /// for what follows from it, and not for ever: nothing means that it is not decided yet.
    std::optional<Answer> ask(std::function<nodes::Input(nodes::AdminId)> make,
                              OrderAbout const& about = {});
    /// The last order about a mirror, and what was decided about it. To be looked at on the node's
    /// thread (`look_at`).
    struct LastOrder {
        std::uint32_t request = 0;
        std::string words{};
        std::optional<Answer> answer{};  ///< nothing: not decided yet
        std::chrono::steady_clock::time_point when;
    };
    [[nodiscard]] std::optional<LastOrder> const& last_order(std::size_t mirror) const {
        return last_orders_[mirror];
    }
    /// Shows the machine to `look` on its own thread, and waits. Requires that nobody stops it.
    void look_at(std::function<void(nodes::NodeMachine const&)> const& look);

private:
    struct Carry;

    NodeDriver(NodeSetup setup, std::uint64_t life, NodeEvents events);
    void build_mirrors(std::vector<Copy> copies, unsigned most_writes);
    void build_resources();
    void post(nodes::Input input);
    void step(nodes::Input const& input);
    [[nodiscard]] std::size_t place_of(GroupId group) const;
    void watch_reachability(NodeId peer);
    void shoot(NodeId peer);
    void begin_recording();
    void begin_plain(std::size_t mirror);

    // PeerEvents, on the threads of connections.
    void control_up(NodeId peer, std::shared_ptr<Link> const& link) override;
    void control_arrived(NodeId peer, Link& link, nodes::ControlMessage message) override;
    void control_down(NodeId peer, Link& link) override;
    GroupDriver& leg_of(std::size_t mirror) override { return *groups_[mirror]; }
    bool takes_legs(std::size_t mirror) override { return groups_[mirror]->takes_legs(); }
    void spoke(NodeId peer) override { beats_->spoke(peer); }
    void warned(std::string const& words) override { events_.words(words); }
    void refused(std::string const& from, std::string const& reason) override;
    void tell_refusals(std::vector<std::string> const& lines);

    NodeSetup setup_;
    std::uint64_t life_;
    NodeEvents events_;
    Clock clock_;
    std::unique_ptr<Beats> beats_;
    std::vector<std::unique_ptr<GroupDriver>> groups_;
    std::deque<Breakpoint> breakpoints_;  // by mirror
    std::vector<MirrorStore::Found> found_;
    std::unique_ptr<Recorder> recorder_;  // null: nobody wants it
    std::unique_ptr<Peers> peers_;

    // On the node's own thread.
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
    nodes::NodeMachine machine_;
    std::vector<std::shared_ptr<Link>> control_;          // by peer
    std::vector<std::uint32_t> outages_;                  // by peer: of its control connection
    std::vector<std::unique_ptr<ResourceDriver>> above_;  // by mirror
    std::map<std::uint32_t, std::promise<Answer>> asked_;
    std::vector<std::optional<LastOrder>> last_orders_;  // by mirror
    std::uint32_t next_admin_ = 1;

    std::atomic<std::uint64_t> refused_connections_ = 0;
    std::mutex refusing_;
    Refusals refusals_;
    bool tells_refusals_ = false;  // when an interval is over

    std::mutex shooting_;
    std::vector<std::thread> shots_;
    Bell ends_shots_;  // when nobody waits for them any more
};

}  // namespace sunder::live
