// SPDX-License-Identifier: BSD-3-Clause
//
// Connections to the other nodes: one for control to each, and one for each mirror that both have a
// copy of. Of two nodes the one that is named first in the cluster dials. Each end greets, in TLS
// where the setup has it and the address is no Unix socket; who does not belong here hears no more.
// What is said then goes to whom it is meant for, on the thread that reads it.
#pragma once

#include "nodes/live/group_driver.h"
#include "nodes/live/link.h"
#include "nodes/live/node_setup.h"
#include "nodes/live/sockets.h"
#include "nodes/live/tls.h"
#include "nodes/seam.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sunder::live {

/// Whom connections belong to. Called on the threads that read them.
class PeerEvents {
public:
    virtual void control_up(NodeId peer, std::shared_ptr<Link> const& link) = 0;
    virtual void control_arrived(NodeId peer, Link& link, nodes::ControlMessage message) = 0;
    virtual void control_down(NodeId peer, Link& link) = 0;
    /// False: a leg of it would only break off now.
    virtual bool takes_legs(std::size_t mirror) = 0;
    virtual GroupDriver& leg_of(std::size_t mirror) = 0;
    virtual void spoke(NodeId peer) = 0;
    /// A connection to a peer, or from one, was given up, and why.
    virtual void warned(std::string const& words) = 0;
    /// Somebody was none of us. `from` is his address and port; empty: on a Unix socket.
    virtual void refused(std::string const& from, std::string const& reason) = 0;

protected:
    ~PeerEvents() = default;
};

class Peers {
public:
    /// How many may be connected that have not greeted yet. For one more, whoever is connected
    /// longest gives way.
    static constexpr unsigned most_strangers = 64;
    /// Until a stranger has greeted, with all that TLS asks of him before that.
    static constexpr Duration greeting_time = seconds(5);
    static constexpr std::size_t most_greeting_bytes = 4096;

    /// Takes the socket, and reads the files of TLS. The error says what was in the way.
    static std::expected<std::unique_ptr<Peers>, std::string> listen(NodeSetup const& setup,
                                                                     std::uint64_t life,
                                                                     PeerEvents& events);
    ~Peers();
    Peers(Peers const&) = delete;
    Peers& operator=(Peers const&) = delete;

    void start();
    void stop();
    /// What is wrong with the files of TLS as they are now; empty: nothing, or there are none.
    [[nodiscard]] std::string tls_problem();
    /// When this node's certificate expires, in seconds since 1970; nothing: it has none.
    [[nodiscard]] std::optional<std::int64_t> certificate_expires();
    /// Closes every connection to this peer; they are tried again.
    void give_up(NodeId peer);

private:
    struct Target {  // what a connection is for
        NodeId peer;
        std::optional<std::size_t> mirror{};  ///< place; nothing: control
    };
    struct Session {
        std::thread thread;
        std::atomic<bool> over = false;
    };
    struct Stranger {  // who has not greeted yet
        int socket = -1;
        bool gives_way = false;
    };

    Peers(NodeSetup const& setup, std::uint64_t life, PeerEvents& events);
    void refresh_tls();
    void accept();
    void make_room(std::unique_lock<std::mutex>& lock);
    void admit(std::list<Stranger>::iterator stranger);
    void dial(Target const& target);
    [[nodiscard]] std::vector<Target> targets() const;
    std::shared_ptr<Link> make_link(int socket, std::optional<NodeId> dialled);
    std::expected<void, std::string> introduce(std::shared_ptr<Link> const& link,
                                               Target const& target);
    /// Of a mirror whose data cannot be reached now no leg is begun.
    [[nodiscard]] bool may_begin(Target const& target) const;
    void greet(Link& link, Target const& target) const;
    std::expected<Target, std::string> hear_greeting(Link& link,
                                                     std::optional<Target> const& expected) const;
    void serve(std::shared_ptr<Link> const& link, Target const& target);
    std::string serve_control(std::shared_ptr<Link> const& link, Target const& target);
    std::string serve_leg(std::shared_ptr<Link> const& link, Target const& target);
    void sleep(Duration time);
    void keep(std::shared_ptr<Link> const& link, std::optional<NodeId> peer);
    [[nodiscard]] std::string const& name_of(NodeId node) const {
        return setup_.members[node.value].name;
    }

    NodeSetup const& setup_;
    std::uint64_t life_;
    PeerEvents& events_;
    std::unique_ptr<Tls> tls_;  // null: nothing is encrypted
    BoundSocket listener_;
    std::thread acceptor_;
    std::atomic<std::uint32_t> next_link_ = 1;

    std::mutex lock_;
    std::condition_variable stops_;
    bool stopping_ = false;
    struct Known {
        std::weak_ptr<Link> link;
        std::optional<NodeId> peer;  ///< once it has greeted
    };
    std::vector<Known> links_;
    std::list<Session> sessions_;
    std::list<Stranger> strangers_;  // whoever is here longest is the first
    std::condition_variable one_less_;
};

}  // namespace sunder::live
