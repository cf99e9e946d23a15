// SPDX-License-Identifier: BSD-3-Clause
//
// What the kernel knows of a connection.
#include "nodes/live/progress.h"

#include "nodes/live/clock.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace sunder::live {

namespace {

bool is_tcp(int socket) {
    int domain = AF_UNIX;
    socklen_t bytes = sizeof domain;
    ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &bytes);
    return domain != AF_UNIX;
}

}  // namespace

Progress::Progress(int socket)
    : socket_(socket), tcp_(is_tcp(socket)), before_(tcp_ ? acknowledged() : left()) {}

std::uint64_t Progress::left() const {
    int bytes = 0;
    bool const known = ::ioctl(socket_, SIOCOUTQ, &bytes) == 0 && bytes > 0;
    return known ? static_cast<std::uint64_t>(bytes) : 0;
}

std::uint64_t Progress::acknowledged() const {
    tcp_info info{};
    socklen_t bytes = sizeof info;
    ::getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &bytes);
    return info.tcpi_bytes_acked;
}

bool Progress::made() {
    if (tcp_) {
        std::uint64_t const now = acknowledged();
        return std::exchange(before_, now) < now;
    }
    std::uint64_t const now = left();
    return std::exchange(before_, now) > now;
}

bool Progress::waits() const { return left() != 0; }

Duration between_looks(Duration stall) {
    return Duration{std::clamp<std::int64_t>(stall.ns / 8, milliseconds(1).ns, seconds(1).ns)};
}

int poll_with_progress(std::span<pollfd> looks, int socket, Duration stall) {
    auto const slice = static_cast<int>(between_looks(stall).ns / 1'000'000);
    Progress progress(socket);
    Duration moved = boot_time();
    for (;;) {
        int const ready = ::poll(looks.data(), looks.size(), slice);
        if (ready != 0) return ready;
        if (progress.made()) moved = boot_time();
        if (boot_time() - moved >= stall) return 0;
    }
}

}  // namespace sunder::live
