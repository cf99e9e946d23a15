// SPDX-License-Identifier: BSD-3-Clause
//
// The door for operators: HTTP on a Unix socket that its owner alone may use, or by TCP, served by
// a thread of its own. What is asked for is answered by whoever was given as handler; GET /events
// is answered here, as it does not end. It decides who may be connected, for how long, and how much
// he may say.
#pragma once

#include "nodes/live/event_ring.h"
#include "nodes/live/node_setup.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

namespace sunder::live {

struct ControlRequest {
    std::string method;
    std::string path;
    std::string body;
};
struct ControlReply {
    unsigned status = 200;
    std::string body;
    std::string type = "application/json";
};
using ControlHandler = std::function<ControlReply(ControlRequest const&)>;

class ControlServer {
public:
    /// How many may be connected at once. For one more, whoever is connected longest and asks
    /// nothing gives way; where all are asking, more wait in the socket's queue.
    static constexpr std::size_t most_sessions = 64;
    static constexpr std::size_t most_body_bytes = 1 << 20;
    static constexpr std::uint32_t most_header_bytes = 8 << 10;
    static constexpr unsigned idle_seconds = 30;
    /// How many of them may read events: operators have to get through.
    static constexpr std::size_t most_readers = 16;

    /// Takes the socket; a stale one, to which nobody listens, is replaced. The error says what
    /// was in the way. `events` are shown at /events; none: there is no such path.
    static std::expected<std::unique_ptr<ControlServer>, std::string> listen(
        std::string const& path, ControlHandler handler, EventRing* events = nullptr);
    static std::expected<std::unique_ptr<ControlServer>, std::string> listen(Endpoint const& here,
                                                                             ControlHandler handler,
                                                                             EventRing* events);
    ~ControlServer();
    ControlServer(ControlServer const&) = delete;
    ControlServer& operator=(ControlServer const&) = delete;

    /// Serves from now on. To be called in the process that serves, after it forked.
    void start();
    /// Ends every session, and removes the socket.
    void stop();

private:
    struct Inside;
    explicit ControlServer(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

}  // namespace sunder::live
