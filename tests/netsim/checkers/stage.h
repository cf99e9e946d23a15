// SPDX-License-Identifier: BSD-3-Clause
//
// A stage for checkers: two servers, one link, one small mirror, and all checkers watching. Tests
// play on it by hand: hosts ask, nodes die, links are cut, and time passes. Every write has a
// content of its own.
#pragma once

#include "base/random.h"
#include "netsim/checkers/all.h"
#include "netsim/world.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::netsim::test {

/// Two servers with fast detection, so that a story takes seconds and not minutes.
Cluster small_cluster();

/// One more node, linked to each that is there.
NodeId add_node(Cluster& cluster, std::string const& name);

/// The mirror has a log, the first quarter of it, and data.
void divide(MirrorSetup& mirror);

/// A 4 KiB block of the mirror.
constexpr Extent block(std::uint64_t number) { return {number * 8, 8}; }

class Stage {
public:
    static constexpr NodeId server1{0};
    static constexpr NodeId server2{1};
    static constexpr GroupId group{0};

    Stage(Cluster const& cluster, std::uint64_t seed);

    World& world() { return world_; }
    Findings& findings() { return findings_; }
    Checkers& checkers() { return checkers_; }

    // Hosts.
    RequestId write(NodeId node, Extent range, bool fua = false);
    RequestId ask(NodeId node, replication::HostOp op, Extent range);
    /// One random request of at most `most` blocks of 4 KiB on a node that serves.
    void random_request(NodeId node, std::uint64_t blocks, std::uint64_t most = 1);
    /// True when it was answered with success.
    [[nodiscard]] bool acknowledged(RequestId request) const;

    // Faults and operators; what they cause at once is shown to the checkers.
    void crash(NodeId node);
    void power_cut(NodeId node);
    void restart(NodeId node);
    void cut();
    void heal();
    void reset();
    void force(NodeId node);
    void switch_over(NodeId node);
    void order(NodeId node, nodes::Order const& order);
    /// The node is named the loser of a split brain.
    void resolve(NodeId loser);
    void slow_disk(NodeId node, std::uint32_t times);
    void disk_faults(NodeId node, DiskFaults const& faults);
    void pause(NodeId node);
    void resume(NodeId node);
    /// Shows what the world has seen since; needed after playing on the world itself.
    void look();

    // Time. Deadlines of checkers pass in between, as in a real run.
    void run_for(Duration time);
    /// False when it did not come true within `time`.
    bool run_until(std::function<bool()> const& wanted, Duration time = seconds(60));
    bool until_mirroring() {
        return run_until([this] { return mirroring(); });
    }
    /// Random requests on `node` while it serves, up to `apart` from each other. On a mirror with
    /// volumes some are those of a database: a write to the first, and when that is acknowledged
    /// one to the second.
    void work(NodeId node, int requests, std::uint64_t blocks, std::uint64_t apart_us);
    /// The link is whole, all nodes run, time passes, and the run is over.
    void end_well();
    /// Until nothing is pending; then the checkers look a last time.
    void finish();

    // Looking.
    [[nodiscard]] bool serves(NodeId node) const { return world_.serves(node, group); }
    [[nodiscard]] replication::LegState leg(NodeId of) const;
    [[nodiscard]] bool mirroring() const;
    [[nodiscard]] bool resyncing() const;
    [[nodiscard]] Image const& image(NodeId node) const {
        return world_.copy(node, group)->disk->image();
    }
    /// Some checker found its property broken.
    [[nodiscard]] bool broken() const { return !findings_.violations().empty(); }
    [[nodiscard]] bool broken(std::string_view property) const;
    /// All violations in words, for messages.
    [[nodiscard]] std::string story() const;
    [[nodiscard]] std::uint64_t allowed(std::string const& what) const;
    RandomStream dice;
    /// Called with each observation before the checkers see it, while set.
    std::function<void(Observation const&)> listener;

private:
    bool step(Duration limit);
    void dependent_writes(NodeId node);

    World world_;
    Checkers checkers_;
    Findings findings_;
    std::vector<Observation> seen_;
    std::vector<RequestId> acknowledged_;
    std::uint64_t contents_ = 0;
};

inline constexpr NodeId server1 = Stage::server1;
inline constexpr NodeId server2 = Stage::server2;
inline constexpr NodeId server3{2};  ///< of clusters that have one

}  // namespace sunder::netsim::test
