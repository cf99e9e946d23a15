// SPDX-License-Identifier: BSD-3-Clause
//
// Sockets of peers by their addresses, TCP or Unix: listening, connecting, and datagrams. Errors
// are for people and name the address.
#pragma once

#include "base/units.h"
#include "nodes/live/node_setup.h"
#include "nodes/live/socket_file.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace sunder::live {

/// An address and a port of TCP, as `to_text` has them: 127.0.0.1:80, [::1]:80. The error says what
/// would be right.
std::expected<Endpoint, std::string> parse_endpoint(std::string_view text);

/// Whether it is an address at all, whatever is there.
std::expected<void, std::string> check_address(Endpoint const& endpoint);

/// Bound to an address that nobody else has.
struct BoundSocket {
    int descriptor = -1;
    SocketFile file{};  ///< of a Unix socket; to be removed before that is closed

    void close();
};
/// For datagrams of UDP or on a Unix socket; a stale Unix socket is replaced.
std::expected<BoundSocket, std::string> datagram_socket(Endpoint const& here);
/// Lost when it cannot be sent at once.
void send_datagram(int socket, Endpoint const& there, std::span<std::byte const> bytes);

/// Of a Unix socket: who may connect.
enum class Reach : std::uint8_t { everybody, owner };
std::expected<BoundSocket, std::string> listening_socket(Endpoint const& here,
                                                         Reach reach = Reach::everybody);
/// Waits for so long at most.
std::expected<int, std::string> connect_to(Endpoint const& there, Duration within);
/// Where the other end of a connection is, by TCP; empty: at a Unix socket, or nowhere any more.
std::string address_of_peer(int socket);
/// Small messages leave at once, and much may be on its way.
void set_up_connection(int socket);
/// From now on the kernel asks whether the other end is there when nothing is said, and ends the
/// connection when it has had no answer for about `patience`, in seconds; also where heartbeats
/// get through, and connections do not (FLT-6). By TCP only.
void notice_silence(int socket, Duration patience);

}  // namespace sunder::live
