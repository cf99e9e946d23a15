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
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace sunder::live {

/// What a node's certificate has to bear: `NODE.CLUSTER`.
std::string certificate_name(std::string const& node, std::string const& cluster);

class Tls {
public:
    /// After so many records a connection's sender goes on under another key: AES-GCM is good for
    /// 2^24.5 of them (RFC 8446, 5.5), and a leg may stand for months.
    static constexpr std::uint64_t records_of_a_key = std::uint64_t{1} << 22;

    /// Reads the files: requires that there are some (`setup.tls`). The error names the file, what
    /// is wrong with it and what would be right.
    static std::expected<std::unique_ptr<Tls>, std::string> open(
        NodeSetup const& setup, std::uint64_t most_records = records_of_a_key);
    ~Tls();
    Tls(Tls const&) = delete;
    Tls& operator=(Tls const&) = delete;

    /// Reads the files again if they are other ones than last time: connections that begin later go
    /// by them, those that stand by what they began with. Files that are wrong, or not all there
    /// yet, change nothing, and are tried again the next time. What an operator ought to hear,
    /// once: that they were read, or what is wrong.
    std::optional<std::string> refresh();
    /// What is wrong with the files as they are; empty: nothing is.
    [[nodiscard]] std::string problem() const;
    /// When this node's certificate expires, as connections that begin now show it (`expiry_of`).
    [[nodiscard]] std::int64_t expires() const;

    /// Takes the socket. `dials`: this end has made the connection. It may outlive this.
    [[nodiscard]] std::unique_ptr<Stream> stream(int socket, bool dials) const;

private:
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    using Context = std::unique_ptr<ssl_ctx_st, Free>;
    struct Stamp;  // what tells a file from the one that was there before
    using Stamps = std::vector<Stamp>;

    Tls(TlsSetup files, std::string name, std::uint64_t most_records);
    [[nodiscard]] std::expected<Context, std::string> read() const;
    [[nodiscard]] Stamps look() const;

    TlsSetup const files_;
    std::string const name_;
    std::uint64_t const most_records_;
    mutable std::mutex lock_;
    Context context_;
    Stamps stamps_;  // of the files that it was made of
    std::string problem_;
};

}  // namespace sunder::live
