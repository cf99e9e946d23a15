// SPDX-License-Identifier: BSD-3-Clause
//
// A node's setup as bytes: how `sunder serve` hands it to the process that serves, and how a
// recording begins. It is checked when it is read; what people write is another file.
#pragma once

#include "nodes/live/node_setup.h"

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <vector>

namespace sunder::live {

std::vector<std::byte> encode_setup(NodeSetup const& setup);
/// The error says what was found, and what would be right.
std::expected<NodeSetup, std::string> decode_setup(std::span<std::byte const> bytes);

/// What a real node cannot do yet, or can never; empty: nothing of it is asked for.
std::string impossible(NodeSetup const& setup);

/// In words, the mirrors whose hosts may wait for ever for their answers; empty: none may.
std::string what_it_may_hold(NodeSetup const& setup);

}  // namespace sunder::live
