// SPDX-License-Identifier: BSD-3-Clause
//
// Failure detection as a service (DESIGN 2): a thread sends a datagram to every peer on every path
// in each interval, and tells when a peer is heard and when it is not any more, on none of them. To
// the machine they are one, the network. It also knows whether this process has stood still itself,
// and until the node has taken in what it missed nobody may answer hosts (the lease).
#pragma once

#include "base/ids.h"
#include "nodes/live/node_setup.h"
#include "nodes/live/sockets.h"

#include <atomic>
#include <condition_variable>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace sunder::live {

class Beats {
public:
    struct Told {  // called by the thread of beats, which they must not keep
        std::function<void(NodeId)> heard;
        std::function<void(NodeId)> silent;  ///< on all paths
        /// Not a word for as long as a connection may stall: those to this peer are worthless.
        std::function<void(NodeId)> stalled;
        /// Calls back when everything that was told before has been taken in.
        std::function<void(std::function<void()>)> when_taken_in;
    };

    /// Takes its sockets. The error says which address was in the way.
    static std::expected<std::unique_ptr<Beats>, std::string> listen(NodeSetup const& setup,
                                                                     std::uint64_t life, Told told);
    ~Beats();
    Beats(Beats const&) = delete;
    Beats& operator=(Beats const&) = delete;

    void start();
    void stop();

    /// Tells of this peer from now on.
    void watch(NodeId peer);
    /// Whoever speaks is alive: something came from it over a connection.
    void spoke(NodeId peer);
    [[nodiscard]] bool hears(NodeId peer) const;
    /// How long ago, on each path; nothing: never.
    [[nodiscard]] std::vector<std::optional<Duration>> heard_ago(NodeId peer) const;

    /// True at once unless this process stood still for as long as others wait until they take it
    /// for dead; then it waits until the node knows. False: it has stopped.
    bool wait_for_lease();

private:
    struct Heard {  // of one peer
        bool watched = false;
        bool told = false;
        bool stalled = false;  // it was told
        std::vector<std::optional<Duration>>
            last{};  // by path, by the clock that counts suspended time
    };
    Beats(NodeSetup const& setup, std::uint64_t life, Told told);
    std::expected<void, std::string> open(Endpoint const& here);
    void run();
    void send_all();
    void receive_all();
    void take(std::span<std::byte const> datagram, std::size_t path);
    void note(NodeId peer, std::size_t path, Duration now);
    void judge(Duration now);
    void renew_lease(Duration now);
    [[nodiscard]] Duration patience() const {
        return setup_.detection.interval * setup_.detection.missed;
    }

    NodeSetup const& setup_;
    std::uint64_t life_;
    Told told_;
    std::vector<BoundSocket> sockets_;  // by path
    int wake_ = -1;

    mutable std::mutex lock_;
    std::vector<Heard> heard_;              // by peer
    std::atomic<std::int64_t> sent_ = 0;    // when beats were sent last, by that clock
    std::atomic<std::int64_t> ticked_ = 0;  // when this thread ran last
    std::atomic<std::int64_t> lease_ = 0;   // until when others count on this process
    std::optional<Duration> lapsed_;        // since when nobody does; of this thread
    std::condition_variable renewed_;
    std::atomic<bool> asked_ = false;  // whether everything was taken in
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace sunder::live
