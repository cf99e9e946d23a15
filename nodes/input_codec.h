// SPDX-License-Identifier: BSD-3-Clause
//
// What comes into a node's machines as bytes, and the fingerprint of what comes out, as for a
// mirror (replication/input_codec.h): so that what they did once can be demanded of them again.
#pragma once

#include "base/codec.h"
#include "nodes/seam.h"

#include <cstddef>
#include <expected>
#include <span>
#include <string>

namespace sunder::nodes {

inline constexpr std::uint8_t input_version = 2;

void encode(Input const& input, ByteWriter& to);
/// The error says what, at which byte, and what would be right.
std::expected<Input, std::string> decode_input(std::span<std::byte const> bytes);

/// Of everything in it.
Fingerprint fingerprint(Output const& output);
/// Of all outputs of a step, in their order.
Fingerprint fingerprint(Outbox& outbox);

namespace hierarchy {

void encode(Input const& input, ByteWriter& to);
std::expected<Input, std::string> decode_input(std::span<std::byte const> bytes);

Fingerprint fingerprint(Output const& output);
Fingerprint fingerprint(Outbox& outbox);

}  // namespace hierarchy

}  // namespace sunder::nodes
