// SPDX-License-Identifier: BSD-3-Clause
//
// Recovery as a result: how long a mirror was in service nowhere (its recovery time, RTO), and how
// many acknowledged writes it lacked when it was back (its recovery point, RPO). Made of what can
// be seen from outside. An outage begins when the last node that served dies, stands still, or
// leaves service unasked; what an operator takes out of service, or moves, is no outage.
#pragma once

#include "netsim/world.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sunder::language {

/// One outage of one mirror.
struct Recovery {
    std::uint16_t mirror = 0;
    Duration began;
    std::optional<Duration> took;  ///< nothing: it was in service nowhere when the run ended
    std::uint64_t writes_lost = 0;
    friend bool operator==(Recovery const&, Recovery const&) = default;
};

class RecoveryWatch {
public:
    explicit RecoveryWatch(netsim::Cluster const& cluster)
        : cluster_(cluster), mirrors_(cluster.mirrors.size()) {}

    void see(Duration now, netsim::Observation const& observation);
    /// `writes`: how many acknowledged ones the node lacks that came in service in the observation
    /// shown last.
    void lost(std::uint16_t mirror, std::uint64_t writes);
    /// All outages, in the order in which they began.
    [[nodiscard]] std::vector<Recovery> const& outages() const { return outages_; }

private:
    struct Mirror {
        std::set<NodeId> serving;               // awake or not
        bool ever = false;                      // it was in service before
        std::optional<nodes::AdminId> planned;  // an operator's request to leave, or to move
        std::optional<std::size_t> outage;
        std::optional<std::size_t> last;
    };
    void look(std::uint16_t mirror, Duration now, bool asked);
    void serves(GroupId mirror, NodeId node, Duration now);
    void serves_no_more(GroupId mirror, NodeId node, Duration now);
    /// What stands on a mirror counts: clients wait for all of it.
    void see_node(Duration now, NodeId node, nodes::Note const& note);
    [[nodiscard]] bool is_bare(GroupId mirror) const {
        return cluster_.mirrors[mirror.value].hierarchy.empty();
    }

    netsim::Cluster const& cluster_;
    std::vector<Mirror> mirrors_;
    std::set<NodeId> asleep_;
    std::set<nodes::AdminId> moves_;  // requests that end with it in service again
    std::vector<Recovery> outages_;
};

}  // namespace sunder::language
