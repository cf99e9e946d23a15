// SPDX-License-Identifier: BSD-3-Clause
//
// A node's machines as bytes: all that they are but their configuration, so that they can go on
// from where they were in another process (replication/state_codec.h has the mirror's). What is
// read back takes the same inputs to the same outputs.
#pragma once

#include "base/codec.h"
#include "nodes/hierarchy_machine.h"
#include "nodes/node_machine.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>

namespace sunder::nodes {

/// Of the formats, said first (u8); machines that have other members have another one.
inline constexpr std::uint8_t state_version = 2;

void encode(NodeMachine const& machine, ByteWriter& to);
/// Requires the configuration that the machine had. The error says what, at which byte, and what
/// would be right.
std::expected<NodeMachine, std::string> decode_state(std::shared_ptr<NodeConfig const> config,
                                                     std::span<std::byte const> bytes);

namespace hierarchy {

void encode(HierarchyMachine const& machine, ByteWriter& to);
std::expected<HierarchyMachine, std::string> decode_state(std::span<std::byte const> bytes);

}  // namespace hierarchy

}  // namespace sunder::nodes
