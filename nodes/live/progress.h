// SPDX-License-Identifier: BSD-3-Clause
//
// Whether the other end of a connection takes what it was sent: who does so little by little is
// there, however long all of it takes. Neither can be told from room in the socket, of which there
// is more only when much has gone, nor by the kernel's own patience (TCP_USER_TIMEOUT), which ends
// while an end that takes little at a time still does.
#pragma once

#include "base/units.h"

#include <poll.h>

#include <cstdint>
#include <span>

namespace sunder::live {

class Progress {
public:
    explicit Progress(int socket);
    /// True when some of it was taken since this was asked last: acknowledged, over TCP; read, on a
    /// Unix socket, where it is counted in pieces of some 48 KiB.
    bool made();
    /// Something is there that was not taken.
    [[nodiscard]] bool waits() const;
    [[nodiscard]] bool by_tcp() const { return tcp_; }

private:
    [[nodiscard]] std::uint64_t left() const;
    [[nodiscard]] std::uint64_t acknowledged() const;

    int socket_;
    bool tcp_;
    std::uint64_t before_;  // acknowledged in all, or left
};

/// Waits as poll() does, for as long as there is progress on the socket. 0: for `stall` there was
/// none.
int poll_with_progress(std::span<pollfd> looks, int socket, Duration stall);
/// How long one may sleep who has to know of a stall in time.
Duration between_looks(Duration stall);

}  // namespace sunder::live
