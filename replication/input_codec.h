// SPDX-License-Identifier: BSD-3-Clause
//
// What comes into a mirror machine as bytes, with all content inside, and the fingerprint of what
// comes out: so that what a machine did once can be demanded of it again. An input begins with the
// version of the format (u8) and its number (u8); its members follow as replication/input_format.h
// lists them.
#pragma once

#include "base/codec.h"
#include "replication/seam.h"

#include <cstddef>
#include <expected>
#include <span>
#include <string>

namespace sunder::replication {

inline constexpr std::uint8_t input_version = 3;

void encode(Input const& input, ByteWriter& to);
/// The error says what, at which byte, and what would be right.
std::expected<Input, std::string> decode_input(std::span<std::byte const> bytes);

/// Of everything in it.
Fingerprint fingerprint(Output const& output);
/// Of all outputs of a step, in their order.
Fingerprint fingerprint(Outbox& outbox);

}  // namespace sunder::replication
