// SPDX-License-Identifier: BSD-3-Clause
//
// What nodes say to each other as bytes, and what stands on a mirror as it is stored. A message
// begins with the version of the format (u8) and its number (u8); its members follow as
// nodes/message_format.h lists them. Whether it fits to what a node knows is the node's business.
#pragma once

#include "base/codec.h"
#include "nodes/seam.h"

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <vector>

namespace sunder::nodes {

inline constexpr std::uint8_t control_version = 2;

void encode(ControlMessage const& message, ByteWriter& to);
/// The error says what, at which byte, and what would be right.
std::expected<ControlMessage, std::string> decode_control(std::span<std::byte const> bytes);

/// In an envelope of its own (base/sealed.h). Requires no more resources than are read again:
/// 256, and 1024 dependencies.
std::vector<std::byte> encode_hierarchy(StoredHierarchy const& stored);
std::expected<StoredHierarchy, std::string> decode_hierarchy(std::span<std::byte const> stored);

}  // namespace sunder::nodes
