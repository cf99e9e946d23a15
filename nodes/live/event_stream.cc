// SPDX-License-Identifier: BSD-3-Clause
//
// Pages of the ring, one write at a time.
#include "nodes/live/event_stream.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

namespace sunder::live {

namespace asio = boost::asio;

namespace {

constexpr char const* head =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/event-stream\r\n"
    "Cache-Control: no-store\r\n"
    "Connection: close\r\n\r\n";

}  // namespace

EventStream::EventStream(Socket socket, EventRing const& ring, std::uint64_t after,
                         std::shared_ptr<void> kept)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      ring_(ring),
      sent_(after),
      kept_(std::move(kept)) {}

void EventStream::start() {
    watch();
    send(head + next());
    beat();
}

/// What comes next, as it is sent; nothing, when there is nothing yet.
std::string EventStream::next() {
    EventRing::Page const page = ring_.after(sent_, most_bytes_at_once);
    if (page.entries.empty()) return "";
    sent_ = page.entries.back().id;
    return as_stream(page);
}

void EventStream::look() {
    if (!socket_.is_open()) return;
    if (sending_) {
        if (ring_.has_passed(sent_)) end();
        return;
    }
    std::string words = next();
    if (!words.empty()) send(std::move(words));
}

/// A reader has nothing to say; what is heard of him is that he has gone.
void EventStream::watch() {
    socket_.async_read_some(
        asio::buffer(unread_),
        [self = shared_from_this()](boost::system::error_code failure, std::size_t) {
            if (failure) return self->end();
            self->watch();
        });
}

void EventStream::beat() {
    timer_.expires_after(std::chrono::seconds(beat_seconds));
    timer_.async_wait(
        [self = shared_from_this(), words = sent_](boost::system::error_code failure) {
            if (failure) return;
            if (self->sending_ && self->sent_ == words) return self->end();
            if (!self->sending_) self->send(":\n\n");
            self->beat();
        });
}

void EventStream::send(std::string words) {
    sending_ = true;
    words_ = std::move(words);
    asio::async_write(socket_, asio::buffer(words_),
                      [self = shared_from_this()](boost::system::error_code failure, std::size_t) {
                          self->sending_ = false;
                          if (failure) return self->end();
                          self->look();
                      });
}

void EventStream::end() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
}

}  // namespace sunder::live
