// SPDX-License-Identifier: BSD-3-Clause
//
// Who is let in, who has something open, and how he is let go: those of a mirror that leaves
// service, and all when nbdkit is told to end. nbdkit 1.32 waits for hosts then, and one that asks
// nothing never goes; it tells a plugin only afterwards, so the signals that it ends by are heard
// here first.
#pragma once

#include "nodes/live/host_sockets.h"
#include "nodes/live/refusals.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace sunder {

class Hosts {
public:
    /// How long requests have for their answers when everything ends; the rest is told that there
    /// is no service any more.
    static constexpr std::chrono::seconds last_answers{2};

    /// Before nbdkit listens, and after everybody else in this process does.
    void remember_others() { sockets_.remember_others(); }
    /// nbdkit listens, and has its handlers of signals. `stop` answers whatever still waits, and is
    /// called once, when nbdkit ends.
    void begin(std::function<void()> stop);
    /// nbdkit has no connections any more.
    void end();

    /// Of connections at a time; nbdkit has as many threads for each as it was told.
    static constexpr std::size_t most_open = 128;
    /// Of descriptors, hosts leave so many to everybody else in this process: to peers, operators
    /// and what lies on disks.
    static constexpr std::size_t left_to_others = 64;

    /// Whether a host that has just been accepted is let in; who is not is told of in the log.
    [[nodiscard]] bool lets_in();
    /// Why he can open nothing now; empty: he can.
    [[nodiscard]] std::string objection();

    /// `handle` names a connection from now on; its address, if it has one (a sockaddr).
    void opened(void const* handle, std::optional<std::size_t> mirror,
                std::string const& peer_address);
    void closed(void const* handle);
    /// Whoever has a volume of the mirror open.
    void let_go(std::size_t mirror);

private:
    void wait_for_the_end();
    void tell_of_refused();
    [[nodiscard]] std::string shortage();

    std::function<void()> stop_;
    live::HostSockets sockets_;
    std::mutex lock_;
    std::condition_variable ended_;
    bool over_ = false;
    std::map<void const*, std::optional<std::size_t>> open_;  // of which mirror
    std::mutex refusing_;
    live::Refusals refusals_;
    std::thread thread_;
};

}  // namespace sunder
