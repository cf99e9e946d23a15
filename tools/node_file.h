// SPDX-License-Identifier: BSD-3-Clause
//
// A file that describes a node to be served: the cluster as scenarios have it, which of its nodes
// this is, and where everybody is found. What it comes to is what a simulated node would have.
#pragma once

#include "nodes/live/node_setup.h"
#include "scenarios/language/diagnostic.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace sunder::tools {

struct NodeFile {
    live::NodeSetup setup;
    std::string store;   ///< the folder of the copies; empty: in memory
    std::string socket;  ///< for NBD; empty: TCP
    std::string address;
    std::uint16_t port = 0;
    std::string control;
    std::optional<live::Endpoint> http;  ///< where everybody may look at it
    unsigned threads = 128;
};

/// Whether NBD servers that hold copies are asked if their exports can.
enum class PlainServers { left_alone, asked };
std::expected<NodeFile, std::vector<language::Diagnostic>> read_node_file(
    std::string const& path, PlainServers servers = PlainServers::left_alone);
/// The JSON Schema of such files, for editors.
std::string node_schema();

}  // namespace sunder::tools
