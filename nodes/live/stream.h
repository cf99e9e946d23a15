// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes out and bytes in of one connection, whatever they travel in: as they are, or in records of
// TLS (nodes/live/tls.h). One thread receives, and at a time one sends; neither waits for the
// other. It decides nothing about what the bytes mean.
#pragma once

#include "base/units.h"
#include "nodes/live/progress.h"

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
    /// Why it is given up when the other end takes nothing.
    static constexpr char const* stalled = "for too long it took nothing of what it was sent";
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
    /// From now on whoever receives finds out when the other end takes nothing for so long of what
    /// it was sent, and has an error. By TCP: the other end of a Unix socket is on this machine,
    /// and its process is heard or it is not.
    void give_up_after(Duration stall);
    /// At least one byte.
    virtual std::expected<std::size_t, End> receive(std::span<std::byte> room, Until until) = 0;
    /// From now on whoever receives looks out for so long before he sleeps, and lets other threads
    /// run meanwhile.
    void look_out(Duration at_most) { looks_out_ = at_most; }

    /// Waits until more can be sent. False: for so long the other end took nothing of what was; one
    /// that takes little by little is waited for.
    [[nodiscard]] bool wait_for_room(Duration stall) const;
    /// Whoever waits is woken. Any thread.
    void shut_down() const;

protected:
    /// Takes the socket.
    explicit Stream(int socket) : socket_(socket) {}
    Taken send_bytes(std::span<iovec const> parts) const;
    std::expected<std::size_t, End> receive_bytes(std::span<std::byte> room, Until until);

private:
    ssize_t take(std::span<std::byte> room) const;
    bool stalls();

    int socket_;
    Duration looks_out_;
    // Of the thread that receives.
    std::optional<Progress> progress_;
    Duration stall_;
    Duration moved_;  // when something was taken last, or nothing waited to be
};

/// Bytes as they are. Takes the socket.
std::unique_ptr<Stream> plain_stream(int socket);

}  // namespace sunder::live
