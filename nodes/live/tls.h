// SPDX-License-Identifier: BSD-3-Clause
//
// Connections in TLS 1.3, both ends of which show a certificate of the same authority. It decides
// that a certificate stands for the node whose name and cluster it bears, and for nobody else. Who
// may speak about what is decided by greetings (nodes/live/greeting.h).
#pragma once

#include "nodes/live/node_setup.h"
#include "nodes/live/stream.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

struct ssl_ctx_st;

namespace sunder::live {

/// What a node's certificate has to bear: `NODE.CLUSTER`.
std::string certificate_name(std::string const& node, std::string const& cluster);

class Tls {
public:
    /// After so many records a connection's sender goes on under another key: AES-GCM is good for
    /// 2^24.5 of them (RFC 8446, 5.5), and a leg may stand for months.
    static constexpr std::uint64_t records_of_a_key = std::uint64_t{1} << 22;

    /// Reads the files, and nothing later: requires that there are some (`setup.tls`). The error
    /// names the file, what is wrong with it and what would be right.
    static std::expected<std::unique_ptr<Tls>, std::string> open(
        NodeSetup const& setup, std::uint64_t most_records = records_of_a_key);
    ~Tls();
    Tls(Tls const&) = delete;
    Tls& operator=(Tls const&) = delete;

    /// Takes the socket. `dials`: this end has made the connection. It may outlive this.
    [[nodiscard]] std::unique_ptr<Stream> stream(int socket, bool dials) const;

private:
    Tls(ssl_ctx_st* context, std::uint64_t most_records);
    ssl_ctx_st* context_;
    std::uint64_t most_records_;
};

}  // namespace sunder::live
