// SPDX-License-Identifier: BSD-3-Clause
//
// The other end of a connection in TLS, made of OpenSSL alone: it shows whatever certificate it is
// given, in whatever version, and counts what arrives.
#pragma once

#include "nodes/live/node_setup.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct ssl_st;

namespace sunder::live {

class TlsClient {
public:
    struct How {
        bool dials = true;
        int version = 0;  ///< of TLS, the highest; 0: OpenSSL's own
        /// It trusts whoever is at the other end.
        bool trusting = true;
    };
    /// Takes the socket. What of `files` is empty is not shown.
    TlsClient(int socket, TlsSetup const& files, How const& how);
    ~TlsClient();
    TlsClient(TlsClient const&) = delete;
    TlsClient& operator=(TlsClient const&) = delete;

    bool shake_hands();
    bool say(std::span<std::byte const> bytes);
    /// Of what comes, at most so many; empty: the connection has ended, or is worth nothing.
    std::vector<std::byte> hear(std::size_t most);
    [[nodiscard]] unsigned records() const { return records_; }      ///< of content
    [[nodiscard]] unsigned key_updates() const { return updates_; }  ///< of the other end's key
    [[nodiscard]] unsigned tickets() const { return tickets_; }      ///< to come back with
    void count(int type, std::span<std::byte const> header);

private:
    int socket_;
    std::shared_ptr<ssl_st> ssl_;
    unsigned records_ = 0;
    unsigned updates_ = 0;
    unsigned tickets_ = 0;
};

/// A port of 127.0.0.1 that nobody has, for a moment.
std::uint16_t free_port();
/// Connected to it, for blocking use and not for longer than a minute.
int connected_to(std::uint16_t port);

}  // namespace sunder::live
