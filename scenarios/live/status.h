// SPDX-License-Identifier: BSD-3-Clause
//
// What real nodes say of themselves, and what of a scenario's conditions is true by it. A node that
// does not run, or says nothing, is as good as down; of its flags the last that was known holds,
// for they are stable.
#pragma once

#include "netsim/cluster.h"
#include "nodes/hierarchy_machine.h"
#include "replication/note.h"
#include "scenarios/language/scenario.h"
#include "scenarios/live/process.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sunder::staged {

struct LegSeen {
    NodeId peer;
    std::optional<replication::LegState> state;  ///< nothing: one that is not known here
    bool split = false;
};
struct CopySeen {
    bool serves = false;
    bool apart = false;  ///< hosts may use the paused copy (R58)
    bool split = false;
    bool last_owner = false;
    bool data_corrupt = false;
    std::string rule;     ///< by which it was decided last whether it is in service
    std::string because;  ///< the same in words
    std::vector<LegSeen> legs;
    /// Its state, by the name of what stands on it; nothing: one that is not known here.
    std::map<std::string, std::optional<nodes::hierarchy::ResourceState>> above;
};
struct NodeSeen {
    bool answers = false;
    bool has_quorum = false;
    std::vector<CopySeen> copies;  ///< by mirror of the cluster
};

class Statuses {
public:
    using Nodes = std::vector<std::unique_ptr<NodeProcess>>;
    Statuses(netsim::Cluster const& cluster, Nodes const& nodes);

    /// Asks every node that runs.
    void refresh();
    [[nodiscard]] bool serves(NodeId node, std::uint16_t mirror) const {
        return of(node, mirror).serves;
    }
    [[nodiscard]] CopySeen const& of(NodeId node, std::uint16_t mirror) const {
        return seen_[node.value].copies[mirror];
    }
    [[nodiscard]] NodeSeen const& of(NodeId node) const { return seen_[node.value]; }

    /// All that stands on the mirror is in service there, if anything does.
    [[nodiscard]] bool all_above(NodeId node, std::uint16_t mirror) const;

    /// Requires a condition that real nodes know (`unplayable`).
    [[nodiscard]] bool holds(language::Condition const& condition) const;
    [[nodiscard]] bool decided_by(std::string const& rule,
                                  language::Condition const& condition) const;
    /// What it is like instead.
    [[nodiscard]] std::string instead(language::Condition const& condition) const;

private:
    void look(NodeId node);
    [[nodiscard]] bool above_is(NodeId node, std::uint16_t mirror, ResourceId resource,
                                nodes::hierarchy::ResourceState const& state) const;
    [[nodiscard]] bool mirror_is(language::MirrorIs is, std::uint16_t mirror) const;
    [[nodiscard]] std::string in_words(NodeId node, std::uint16_t mirror) const;

    netsim::Cluster const& cluster_;
    Nodes const& nodes_;
    std::vector<NodeSeen> seen_;
};

}  // namespace sunder::staged
