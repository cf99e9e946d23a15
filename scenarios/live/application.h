// SPDX-License-Identifier: BSD-3-Clause
//
// A workload's requests to a real node: which come next, and when. Whoever plays it sends them.
#pragma once

#include "base/random.h"
#include "netsim/cluster.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace sunder::staged {

/// Made by an application that runs where the mirror is in service; times are scenario times.
class LiveApplication {
public:
    struct Request {
        replication::HostOp op = replication::HostOp::read;
        Extent range;
        bool leads = false;  ///< another write is to follow it
    };

    LiveApplication(language::Workload const& workload, netsim::Cluster const& cluster,
                    std::uint64_t seed, std::uint64_t number);

    void start(Duration now);
    void stop() { running_ = false; }
    [[nodiscard]] std::uint16_t mirror() const { return workload_.mirror; }
    /// Its time begins anew where it is served again.
    void served(Duration now) { next_ = now; }
    /// It asks so often, whatever is answered.
    [[nodiscard]] bool open_loop() const { return workload_.rate.has_value(); }
    /// Of an open loop: the next moment at which it asks has come.
    [[nodiscard]] bool tick(Duration now);
    /// What it asks of a node, where so many of its requests are open.
    [[nodiscard]] std::optional<Request> next(std::uint32_t open);
    /// When it would ask next; nothing: when something is answered, or never.
    [[nodiscard]] std::optional<Duration> due() const;
    /// What follows a write that led.
    [[nodiscard]] Request follow();

private:
    static constexpr std::uint32_t most_outstanding = 1024;
    struct Blocks {
        std::vector<Extent> parts;
        std::uint64_t sectors = 0;  // of a block
        std::uint64_t count = 0;
        bool random = true;
        std::uint64_t position = 0;
    };
    static Blocks blocks_of(netsim::MirrorSetup const& mirror, std::optional<std::uint16_t> volume,
                            language::Workload::Order order, std::uint64_t sectors);
    [[nodiscard]] Extent next_of(Blocks& blocks);
    [[nodiscard]] bool wants_more() const;

    language::Workload workload_;
    RandomStream random_;
    Blocks blocks_;
    Blocks then_;
    std::uint64_t issued_ = 0;
    std::uint64_t writes_ = 0;
    Duration next_;
    bool running_ = false;
};

}  // namespace sunder::staged
