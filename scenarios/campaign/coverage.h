// SPDX-License-Identifier: BSD-3-Clause
//
// What a run has reached, as numbers that are equal when it is the same: marks, rules by which
// something was decided, pairs of events that followed each other on a node, abstract states of the
// cluster, and how far copies were apart. A search for the unusual goes by what it has not seen
// yet; a report names what nobody reached.
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
    /// Of features.
    enum class Kind : std::uint64_t { mark = 1, rule, pair, after_blow, state, apart };
    /// As which an abstract state is reached.
    [[nodiscard]] static Feature of_state(Feature abstract);

    void see(netsim::World const& world, netsim::Observation const& observation);

    struct Reached {
        Feature feature = 0;
        Duration at;  ///< for the first time in this run
    };
    [[nodiscard]] std::vector<Reached> const& reached() const { return reached_; }
    using Names = std::map<std::string, std::uint64_t, std::less<>>;  ///< how often each
    [[nodiscard]] Names const& marks() const { return marks_; }
    [[nodiscard]] Names const& rules() const { return rules_; }

private:
    void reach(Feature feature, Duration at);
    void name(Names& names, Kind kind, std::string_view name, Duration at);
    void followed(netsim::World const& world, std::uint8_t node, Feature what);

    std::vector<Reached> reached_;
    boost::unordered_flat_set<Feature> known_;
    std::vector<Feature> last_;  // by node: what it did last
    Feature blow_ = 0;           // what befell the cluster last
    Names marks_;
    Names rules_;
};

}  // namespace sunder::campaign
