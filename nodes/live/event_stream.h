// SPDX-License-Identifier: BSD-3-Clause
//
// One reader of events over HTTP: server-sent events on a connection that does not end. He is sent
// what he has not got as fast as he reads, and dropped when what he has not got is gone.
#pragma once

#include "nodes/live/event_ring.h"

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>

namespace sunder::live {

/// Lives as long as its connection. Everything here is done by the thread of the socket's context.
class EventStream : public std::enable_shared_from_this<EventStream> {
public:
    using Socket = boost::asio::generic::stream_protocol::socket;
    /// A word that means nothing is sent so often, so that a reader who is gone is noticed; one
    /// who has not taken what was sent by then is dropped.
    static constexpr unsigned beat_seconds = 15;
    static constexpr std::size_t most_bytes_at_once = 64 << 10;

    /// Behind the event `after`. `kept` is kept as long as this is.
    EventStream(Socket socket, EventRing const& ring, std::uint64_t after,
                std::shared_ptr<void> kept);

    void start();
    /// There is more.
    void look();
    /// Nothing more is sent.
    void end();

private:
    void watch();
    void beat();
    std::string next();
    void send(std::string words);

    Socket socket_;
    boost::asio::steady_timer timer_;
    EventRing const& ring_;
    std::uint64_t sent_;
    std::shared_ptr<void> kept_;
    std::string words_;
    bool sending_ = false;
    std::array<char, 64> unread_{};
};

}  // namespace sunder::live
