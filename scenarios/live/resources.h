// SPDX-License-Identifier: BSD-3-Clause
//
// What stands on the mirrors of real nodes: programs that take as long as the scenario says, fail
// where its steps say so, and leave behind what they saw. By that they are judged: a history
// checker, which knows what ran on a server when a resource was told to start or to stop, and
// nothing of what its node thinks. When something is to fail is the player's business.
#pragma once

#include "netsim/checkers/checker.h"
#include "netsim/cluster.h"
#include "nodes/live/node_setup.h"
#include "scenarios/live/setup.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::staged {

/// Fills in the programs of all resources that the setup names, which keep what they know in the
/// folder.
void give_programs(live::NodeSetup& setup, netsim::Cluster const& cluster,
                   std::filesystem::path const& folder, Speed speed);

class LiveResources {
public:
    /// Files lie in the folder, which is the stage's own.
    LiveResources(netsim::Cluster const& cluster, std::filesystem::path folder);

    /// What ran on the server is gone with its last node, and what was being started never will be.
    void died(NodeId node);
    /// What goes wrong from now on.
    void set_faults(NodeId node, ResourceId resource, netsim::ResourceFaults const& faults);
    /// It works no more, and a health check will find that out. False: it does not run there.
    [[nodiscard]] bool fail(NodeId node, ResourceId resource);

    /// Judges what programs saw since the last look (hierarchy_in_order).
    void look(Duration now, netsim::Findings& findings);
    /// What is wrong with one line of theirs; empty: nothing. It names the server, the word, the
    /// resource, and what was there when the word came: NAME where it runs, NAME.failed beside it
    /// where it was found to work no more, NAME.stuck where it refused to stop.
    [[nodiscard]] std::string flaw_of(std::string_view line) const;

private:
    [[nodiscard]] std::filesystem::path of(NodeId node, char const* what) const;

    netsim::Cluster const& cluster_;
    std::filesystem::path folder_;
    std::streamoff seen_ = 0;  // bytes of what programs said
};

}  // namespace sunder::staged
