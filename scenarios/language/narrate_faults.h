// SPDX-License-Identifier: BSD-3-Clause
//
// Sentences about what is done to a cluster from outside: to its links, disks, resources, clocks.
#pragma once

#include "netsim/observation.h"

#include <optional>
#include <string>

namespace sunder::language {

struct FaultSentence {
    netsim::Cluster const& cluster;
    using Line = std::optional<std::string>;

    Line operator()(netsim::seen::LinkCut const&) const;
    Line operator()(netsim::seen::LinkHealed const&) const;
    Line operator()(netsim::seen::LinkDegraded const&) const;
    Line operator()(netsim::seen::BeatsLost const&) const;
    Line operator()(netsim::seen::ConnectionsReset const&) const;
    Line operator()(netsim::seen::WireTrapped const&) const;
    Line operator()(netsim::seen::MessageDamaged const&) const;
    Line operator()(netsim::seen::DiskFaulted const&) const;
    Line operator()(netsim::seen::ResourceFaulted const&) const;
    Line operator()(netsim::seen::FencingFaulted const&) const;
    Line operator()(netsim::seen::DiskTrapped const&) const;
    Line operator()(netsim::seen::DiskLied const&) const;
    Line operator()(netsim::seen::SnapshotTaken const&) const;
    Line operator()(netsim::seen::RolledBack const&) const;
    Line operator()(netsim::seen::DisksExchanged const&) const;
    Line operator()(netsim::seen::StartRefused const&) const;
    Line operator()(netsim::seen::ClockSkewed const&) const;
    Line operator()(netsim::seen::ClockStepped const&) const;
    Line operator()(netsim::seen::MemoryPressed const&) const;

private:
    [[nodiscard]] std::string const& name(NodeId node) const {
        return cluster.nodes[node.value].name;
    }
    [[nodiscard]] std::string vertex(netsim::Vertex v) const;
    [[nodiscard]] std::string line(NodeId node, std::string const& text) const;
};

}  // namespace sunder::language
