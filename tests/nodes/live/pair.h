// SPDX-License-Identifier: BSD-3-Clause
//
// Two nodes of one cluster in this process, on Unix sockets in a folder of the test's own, or by
// TCP in TLS: real threads, sockets, clocks and stores, and no host but the test.
#pragma once

#include "nodes/live/node_service.h"
#include "tests/support/scratch_folder.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sunder::live {

class Pair {
public:
    struct How {
        std::uint64_t sectors = 2 * 1024 * 1024 / sector_bytes;
        bool synchronous = true;
        bool guarded = false;
        bool stored = true;  ///< else in memory
        std::uint32_t asynchronous_limit = 256;
        unsigned most_writes = 64;
        bool born_in_sync = false;
        bool recorded = false;  ///< in a folder of each node's
        bool encrypted = false;
        Duration settle_interval = milliseconds(200);
        bool heard = false;                  ///< operators are, at SERVER.control
        bool stands_still = false;           ///< where it is told to
        std::uint64_t fallback_sectors = 0;  ///< that a resync may overwrite beside an image
        std::optional<Bandwidth> resync_rate{};
        std::string plain{};  ///< the second copy is the export of an NBD server, by its URI
    };
    explicit Pair(How how);
    Pair() : Pair(How{}) {}
    ~Pair();

    /// Begins, or begins anew. The error of a service that cannot be opened fails the test.
    NodeService& start(unsigned node);
    /// Why it cannot be opened; empty: it can, and is not begun.
    std::string refusal(unsigned node);
    void stop(unsigned node);
    NodeService& operator[](unsigned node) { return *services_[node]; }
    [[nodiscard]] NodeSetup setup(unsigned node) const;
    [[nodiscard]] std::filesystem::path const& folder() const { return folder_.path(); }
    [[nodiscard]] std::string recordings(unsigned node) const;

    /// The mirror's export on a node, once it is in service there.
    MirroredExport in_service(unsigned node);
    /// Waits until it is so; fails the test when it does not come within a minute.
    static void wait_until(std::string const& what, std::function<bool()> const& is_so);
    bool mirrors(unsigned node);
    /// The raw content of a node's copy, beside its machine. Requires that it rests.
    std::vector<std::byte> image(unsigned node);

private:
    [[nodiscard]] NodeService::Options options(unsigned node) const;

    How how_;
    testing::ScratchFolder folder_;
    std::uint16_t ports_[2] = {0, 0};  // where they are encrypted
    TlsSetup tls_[2];
    std::unique_ptr<NodeService> services_[2];
};

}  // namespace sunder::live
