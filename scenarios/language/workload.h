// SPDX-License-Identifier: BSD-3-Clause
//
// The application: makes a workload's requests wherever the mirror is in service, as a program on
// that server would. It waits while nobody serves, and forgets what died with its server.
#pragma once

#include "netsim/world.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <vector>

namespace sunder::language {

class Application {
public:
    /// `number`, from 1, is what its alarms and requests carry.
    Application(Workload const& workload, std::uint8_t number, netsim::Cluster const& cluster);

    void start(netsim::World& world);
    void stop() { running_ = false; }
    [[nodiscard]] std::uint16_t mirror() const { return workload_.mirror; }
    [[nodiscard]] std::uint64_t issued() const { return issued_; }

    void rang(netsim::World& world);
    void came_in_service(netsim::World& world);
    /// One of this application's requests was answered.
    void answered(netsim::World& world, netsim::seen::HostAnswered const& answer);
    void died(NodeId node);

private:
    /// An open loop does not pile up requests without end on a server that does not answer.
    static constexpr std::uint32_t most_outstanding = 1024;

    [[nodiscard]] bool wants_more() const {
        return running_ && (!workload_.count || issued_ < *workload_.count);
    }
    /// The blocks of a volume or of several, none of which lies in two of them.
    struct Blocks {
        std::vector<Extent> parts;
        std::uint64_t sectors = 0;  ///< of a block
        std::uint64_t count = 0;
        Workload::Order order = Workload::Order::random;
        std::uint64_t position = 0;
        [[nodiscard]] Extent next(netsim::World& world, NodeId node);
    };
    /// A write that another is to follow.
    struct Leading {
        RequestId request;
        NodeId node;
    };
    static Blocks blocks_of(netsim::MirrorSetup const& mirror, std::optional<std::uint16_t> volume,
                            Workload::Order order, std::uint64_t sectors);
    void issue(netsim::World& world, NodeId node);
    RequestId write(netsim::World& world, NodeId node, Blocks& blocks);
    [[nodiscard]] bool led(RequestId request);
    void fill(netsim::World& world, NodeId node);
    void arm(netsim::World& world);

    Workload workload_;
    std::uint8_t number_;
    std::vector<std::uint32_t> outstanding_;  // by node
    std::uint64_t issued_ = 0;
    std::uint64_t writes_ = 0;
    Blocks blocks_;
    Blocks then_;  // of what follows
    std::vector<Leading> leading_;
    bool running_;
    bool armed_ = false;
    bool filling_ = false;
};

}  // namespace sunder::language
