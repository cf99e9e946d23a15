// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes out and bytes in of one connection, whatever they travel in: as they are, or in records of
// TLS (nodes/live/tls.h). One thread receives, and at a time one sends; neither waits for the
// other. It decides nothing about what the bytes mean.
#pragma once

#include "base/units.h"

#include <sys/uio.h>

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace sunder::live {

class Stream {
public:
    enum class Sent { everything, not_all, failed };
    struct Taken {
        std::size_t bytes = 0;  ///< of the parts, from their beginning: they may be let go
        Sent sent = Sent::everything;
    };
    struct End {
        bool closed = false;  ///< the connection has ended; else what came is wrong
        std::string why;
    };
    /// By the clock of boot_time(); nothing: for ever.
    using Until = std::optional<Duration>;

    virtual ~Stream();
    Stream(Stream const&) = delete;
    Stream& operator=(Stream const&) = delete;

    /// What both ends do before anything is said; by the thread that receives, and nobody sends
    /// yet.
    virtual std::expected<void, End> begin(Until until) = 0;
    /// Why the other end cannot be that node of that cluster; empty: it has shown that it is, or
    /// nobody can tell. Requires that it has begun.
    [[nodiscard]] virtual std::string objection(std::string const& node,
                                                std::string const& cluster) const = 0;
    /// Never waits. `not_all`: it is to be called again when `wait_for_room` says so, with what was
    /// not taken, and also when all was taken.
    virtual Taken send(std::span<iovec const> parts) = 0;
    /// At least one byte.
    virtual std::expected<std::size_t, End> receive(std::span<std::byte> room, Until until) = 0;
    /// From now on whoever receives looks out for so long before he sleeps, and lets other threads
    /// run meanwhile.
    void look_out(Duration at_most) { looks_out_ = at_most; }

    /// False: it took nothing for so long.
    [[nodiscard]] bool wait_for_room(Duration most) const;
    /// Whoever waits is woken. Any thread.
    void shut_down() const;

protected:
    /// Takes the socket.
    explicit Stream(int socket) : socket_(socket) {}
    Taken send_bytes(std::span<iovec const> parts) const;
    std::expected<std::size_t, End> receive_bytes(std::span<std::byte> room, Until until) const;

private:
    ssize_t take(std::span<std::byte> room) const;

    int socket_;
    Duration looks_out_;
};

/// Bytes as they are. Takes the socket.
std::unique_ptr<Stream> plain_stream(int socket);

}  // namespace sunder::live
