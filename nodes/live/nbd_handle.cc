// SPDX-License-Identifier: BSD-3-Clause
//
// libnbd knows which way it waits; sockets that fail are told as readable or writable.
#include "nodes/live/nbd_handle.h"

#include <libnbd.h>
#include <poll.h>

#include <chrono>

namespace sunder::live {

std::string nbd_error() {
    char const* const words = nbd_get_error();
    std::string said = words == nullptr ? "the connection was closed" : words;
    // The call's own name in front says nothing to people.
    if (said.starts_with("nbd_")) {
        std::size_t const colon = said.find(": ");
        if (colon != std::string::npos) said.erase(0, colon + 2);
    }
    return said;
}

short wanted_of(nbd_handle* handle) {
    unsigned const direction = nbd_aio_get_direction(handle);
    bool const reads = (direction & LIBNBD_AIO_DIRECTION_READ) != 0;
    bool const writes = (direction & LIBNBD_AIO_DIRECTION_WRITE) != 0;
    return static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
}

void notify(nbd_handle* handle, short came) {
    unsigned const direction = nbd_aio_get_direction(handle);
    bool const failed = (came & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    bool const reads = (direction & LIBNBD_AIO_DIRECTION_READ) != 0;
    bool const writes = (direction & LIBNBD_AIO_DIRECTION_WRITE) != 0;
    if (reads && ((came & POLLIN) != 0 || failed)) {
        nbd_aio_notify_read(handle);
    } else if (writes && ((came & POLLOUT) != 0 || failed)) {
        nbd_aio_notify_write(handle);
    }
}

bool is_over(nbd_handle* handle) {
    return nbd_aio_is_dead(handle) != 0 || nbd_aio_is_closed(handle) != 0;
}

std::expected<void, std::string> greet(nbd_handle* handle, Duration within) {
    using Steady = std::chrono::steady_clock;
    auto const until = Steady::now() + std::chrono::nanoseconds(within.ns);
    while (nbd_aio_is_ready(handle) == 0) {
        if (is_over(handle)) return std::unexpected(nbd_error());
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now()).count();
        pollfd look{nbd_aio_get_fd(handle), wanted_of(handle), 0};
        int const came = left > 0 ? ::poll(&look, 1, static_cast<int>(left)) : 0;
        if (came == 0) return std::unexpected("the server does not answer");
        if (came > 0) notify(handle, look.revents);
    }
    return {};
}

}  // namespace sunder::live
