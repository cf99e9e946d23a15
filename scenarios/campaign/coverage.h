// SPDX-License-Identifier: BSD-3-Clause
//
// What a run has reached, as numbers that are equal when it is the same: marks, rules by which
// something was decided, pairs of events of which one happened before the other, on a node or from
// one to another, abstract states of the cluster, and how far copies were apart. A search for the
// unusual goes by what it has not seen yet; a report names what nobody reached.
#pragma once

#include "netsim/world.h"

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::campaign {

using Feature = std::uint64_t;

/// Equal when the cluster is the same to an observer without a memory: which nodes are up, what
/// each copy says of itself and of its legs. Without time, contents and names of generations.
[[nodiscard]] Feature abstract_state(netsim::World const& world);

/// Of one run.
class Coverage {
public:
    /// Of features. An event is what a machine notes. One happens before the other where a node
    /// noted it first, or a message that was sent after the one arrived before the other. What
    /// nodes learn by heartbeats, by shots or from a shared disk is no message.
    enum class Kind : std::uint64_t {
        mark = 1,
        rule,
        pair,        ///< of one node, one after the other
        after_blow,  ///< an event after what befell the cluster last
        state,
        apart,
        across,  ///< of two nodes: the last of the one that is news for the other, which follows
    };
    /// As which an abstract state is reached.
    [[nodiscard]] static Feature of_state(Feature abstract);

    void see(netsim::World const& world, netsim::Observation const& observation);

    struct Reached {
        Kind kind = Kind::mark;
        Feature feature = 0;
        Duration at;  ///< for the first time in this run
    };
    [[nodiscard]] std::vector<Reached> const& reached() const { return reached_; }
    using Names = std::map<std::string, std::uint64_t, std::less<>>;  ///< how often each
    [[nodiscard]] Names const& marks() const { return marks_; }
    [[nodiscard]] Names const& rules() const { return rules_; }

private:
    struct Event {
        std::uint64_t step = 0;  ///< in which it was noted
        Feature what = 0;
    };
    struct Past {
        std::vector<Event> noted;
        std::vector<std::uint64_t> heard_of;  ///< by node: steps up to this one
    };
    void reach(Kind kind, Duration at, std::uint64_t a, std::uint64_t b = 0);
    void name(Names& names, Kind kind, std::string_view name, Duration at);
    void followed(netsim::World const& world, NodeId node, Event const& event);
    Event const* news(netsim::World const& world, NodeId who, NodeId whom);

    std::vector<Reached> reached_;
    boost::unordered_flat_set<Feature> known_;
    std::vector<Past> pasts_;  // by node
    Feature blow_ = 0;         // what befell the cluster last
    Names marks_;
    Names rules_;
};

}  // namespace sunder::campaign
