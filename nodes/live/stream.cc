// SPDX-License-Identifier: BSD-3-Clause
//
// Sockets, and bytes as they are.
#include "nodes/live/stream.h"

#include "nodes/live/clock.h"
#include "nodes/live/progress.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sunder::live {

namespace {

class PlainStream final : public Stream {
public:
    explicit PlainStream(int socket) : Stream(socket) {}

    std::expected<void, End> begin(Until) override { return {}; }
    [[nodiscard]] std::string objection(std::string const&, std::string const&) const override {
        return "";
    }
    Taken send(std::span<iovec const> parts) override { return send_bytes(parts); }
    std::expected<std::size_t, End> receive(std::span<std::byte> room, Until until) override {
        return receive_bytes(room, until);
    }
};

}  // namespace

Stream::~Stream() { ::close(socket_); }

/// Less than all may be sent without an error; then the rest is to be tried at once.
Stream::Taken Stream::send_bytes(std::span<iovec const> parts) const {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    for (;;) {
        ssize_t const sent = ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) return {static_cast<std::size_t>(sent), Sent::everything};
        if (errno == EINTR) continue;
        return {0, errno == EAGAIN ? Sent::not_all : Sent::failed};
    }
}

ssize_t Stream::take(std::span<std::byte> room) const {
    if (looks_out_.ns != 0) {
        Duration const end = boot_time() + looks_out_;
        do {
            ssize_t const got = ::recv(socket_, room.data(), room.size(), MSG_DONTWAIT);
            if (got >= 0 || errno != EAGAIN) return got;
            ::sched_yield();
        } while (boot_time() < end);
    }
    return ::recv(socket_, room.data(), room.size(), 0);
}

std::expected<std::size_t, Stream::End> Stream::receive_bytes(std::span<std::byte> room,
                                                              Until until) {
    for (;;) {
        if (until) {
            Duration const left = *until - boot_time();
            pollfd wait{socket_, POLLIN, 0};
            int const ms = static_cast<int>(std::max<std::int64_t>(left.ns / 1'000'000, 0));
            if (::poll(&wait, 1, ms) == 0) {
                return std::unexpected(End{false, "it did not greet in time"});
            }
        }
        ssize_t const got = take(room);
        if (got > 0) return static_cast<std::size_t>(got);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) {
            if (!stalls()) continue;
            return std::unexpected(End{false, stalled});
        }
        if (got == 0) return std::unexpected(End{true, "the other end has closed the connection"});
        return std::unexpected(End{true, std::strerror(errno)});
    }
}

void Stream::give_up_after(Duration stall) {
    progress_.emplace(socket_);
    if (!progress_->by_tcp()) return;
    stall_ = stall;
    moved_ = boot_time();
    Duration const look = between_looks(stall);
    timeval const wakes{look.ns / seconds(1).ns, look.ns % seconds(1).ns / 1000};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wakes, sizeof wakes);
}

/// Asked whenever nothing has come for a while, by the thread that receives.
bool Stream::stalls() {
    if (progress_->made() || !progress_->waits()) moved_ = boot_time();
    return boot_time() - moved_ >= stall_;
}

bool Stream::wait_for_room(Duration stall) const {
    pollfd wait{socket_, POLLOUT, 0};
    return poll_with_progress({&wait, 1}, socket_, stall) != 0;
}

void Stream::shut_down() const { ::shutdown(socket_, SHUT_RDWR); }

std::unique_ptr<Stream> plain_stream(int socket) { return std::make_unique<PlainStream>(socket); }

}  // namespace sunder::live
