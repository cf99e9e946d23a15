// SPDX-License-Identifier: BSD-3-Clause
//
// Addresses as the operating system wants them, and its answers in words.
#include "nodes/live/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

namespace sunder::live {

namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t bytes = 0;
    [[nodiscard]] sockaddr const* get() const {
        return reinterpret_cast<sockaddr const*>(&storage);
    }
    [[nodiscard]] int family() const { return storage.ss_family; }
};

std::expected<Address, std::string> address_of(Endpoint const& endpoint) {
    Address made;
    if (!endpoint.socket.empty()) {
        auto const local = unix_address(endpoint.socket);
        if (!local) return std::unexpected(local.error());
        std::memcpy(&made.storage, &*local, sizeof *local);
        made.bytes = sizeof *local;
        return made;
    }
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET, endpoint.address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        std::memcpy(&made.storage, &v4, sizeof v4);
        made.bytes = sizeof v4;
        return made;
    }
    if (::inet_pton(AF_INET6, endpoint.address.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(endpoint.port);
        std::memcpy(&made.storage, &v6, sizeof v6);
        made.bytes = sizeof v6;
        return made;
    }
    return std::unexpected(
        fmt::format("{}: expected an IP address, such as 127.0.0.1", endpoint.address));
}

std::unexpected<std::string> failure(Endpoint const& endpoint, int number) {
    return std::unexpected(fmt::format("{}: {}", to_text(endpoint), std::strerror(number)));
}

/// What of others is in the way is said, and left as it is.
std::expected<BoundSocket, std::string> bound(Endpoint const& here, int type,
                                              Reach reach = Reach::everybody) {
    auto const address = address_of(here);
    if (!address) return std::unexpected(address.error());
    bool const local = !here.socket.empty();
    std::optional<SocketLock> lock;  // until it is bound
    if (local) {
        auto taken = SocketLock::take(here.socket);
        if (!taken) return std::unexpected(taken.error());
        lock.emplace(std::move(*taken));
        if (auto room = lock->make_room(); !room) return std::unexpected(room.error());
    }
    int const socket = ::socket(address->family(), type | SOCK_CLOEXEC, 0);
    if (socket < 0) return failure(here, errno);
    // Where connections of an earlier process come to their end. Datagrams have nothing that does:
    // with this another process would get those of the one that is there.
    int const on = 1;
    if (!local && type == SOCK_STREAM) {
        ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    mode_t const before = reach == Reach::owner ? ::umask(0077) : mode_t{};
    int const number = ::bind(socket, address->get(), address->bytes) == 0 ? 0 : errno;
    if (reach == Reach::owner) ::umask(before);
    if (number == 0) return BoundSocket{socket, local ? SocketFile(here.socket) : SocketFile()};
    ::close(socket);
    return failure(here, number);
}

}  // namespace

std::expected<void, std::string> check_address(Endpoint const& endpoint) {
    auto const made = address_of(endpoint);
    if (!made) return std::unexpected(made.error());
    return {};
}

std::expected<Endpoint, std::string> parse_endpoint(std::string_view text) {
    std::size_t const colon = std::min(text.rfind(':'), text.size());
    std::string_view address = text.substr(0, colon);
    std::string_view const port = text.substr(std::min(colon + 1, text.size()));
    bool const v6 = address.starts_with('[') && address.ends_with(']');
    if (v6) address = address.substr(1, address.size() - 2);
    Endpoint made{{}, std::string(address), 0};
    auto const [end, failure] = std::from_chars(port.begin(), port.end(), made.port);
    bool const whole = failure == std::errc() && end == port.end() && made.port != 0;
    bool const is_v6 = address.find(':') != std::string_view::npos;
    if (whole && v6 == is_v6 && check_address(made)) return made;
    return std::unexpected(
        fmt::format("{}: expected an IP address and a port, such as 127.0.0.1:80", text));
}

std::string to_text(Endpoint const& endpoint) {
    if (!endpoint.socket.empty()) return "unix:" + endpoint.socket;
    bool const v6 = endpoint.address.find(':') != std::string::npos;
    return v6 ? fmt::format("[{}]:{}", endpoint.address, endpoint.port)
              : fmt::format("{}:{}", endpoint.address, endpoint.port);
}

void BoundSocket::close() {
    file.remove();
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
}

std::expected<BoundSocket, std::string> datagram_socket(Endpoint const& here) {
    return bound(here, SOCK_DGRAM);
}

void send_datagram(int socket, Endpoint const& there, std::span<std::byte const> bytes) {
    auto const address = address_of(there);
    if (!address) return;
    [[maybe_unused]] ssize_t const sent =
        ::sendto(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, address->get(),
                 address->bytes);
}

std::expected<BoundSocket, std::string> listening_socket(Endpoint const& here, Reach reach) {
    auto socket = bound(here, SOCK_STREAM, reach);
    if (!socket) return socket;
    if (::listen(socket->descriptor, SOMAXCONN) == 0) return socket;
    int const number = errno;
    socket->close();
    return failure(here, number);
}

std::expected<int, std::string> connect_to(Endpoint const& there, Duration within) {
    auto const address = address_of(there);
    if (!address) return std::unexpected(address.error());
    int const socket = ::socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) return failure(there, errno);
    int number = ::connect(socket, address->get(), address->bytes) == 0 ? 0 : errno;
    if (number == EINPROGRESS) {
        pollfd wait{socket, POLLOUT, 0};
        int const ready = ::poll(&wait, 1, static_cast<int>(within.ns / 1'000'000));
        socklen_t size = sizeof number;
        number = ETIMEDOUT;
        if (ready > 0) ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &number, &size);
    }
    if (number != 0) {
        ::close(socket);
        return failure(there, number);
    }
    int const flags = ::fcntl(socket, F_GETFL);
    ::fcntl(socket, F_SETFL, flags & ~O_NONBLOCK);
    return socket;
}

std::string address_of_peer(int socket) {
    sockaddr_storage storage{};
    socklen_t bytes = sizeof storage;
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return "";
    char text[INET6_ADDRSTRLEN]{};
    if (storage.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof v4);
        ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        return to_text(Endpoint{{}, text, ntohs(v4.sin_port)});
    }
    if (storage.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage, sizeof v6);
        ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        return to_text(Endpoint{{}, text, ntohs(v6.sin6_port)});
    }
    return "";
}

void set_up_connection(int socket) {
    // On a Unix socket this fails, and there is nothing to set up.
    int const on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int const room = 4 << 20;
    ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

void notice_silence(int socket, Duration patience) {
    constexpr int questions = 3;
    std::int64_t const whole = std::max<std::int64_t>(patience.ns / seconds(1).ns, 2);
    auto const quiet = static_cast<int>(std::max<std::int64_t>(whole / 2, 1));
    auto const between = static_cast<int>(std::max<std::int64_t>((whole - quiet) / questions, 1));
    int const on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &quiet, sizeof quiet);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &questions, sizeof questions);
}

}  // namespace sunder::live
