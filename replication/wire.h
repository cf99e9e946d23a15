// SPDX-License-Identifier: BSD-3-Clause
//
// Messages as bytes. Each begins with the version of the format (u8) and the number of the message
// (u8); its members follow as replication/message_format.h lists them. Content that hosts wrote
// follows behind this head, as it is, so that nobody copies it; zeroes and patterns are described
// in the head. Whether a message fits to a machine's state is the machine's business.
#pragma once

#include "base/codec.h"
#include "replication/message.h"

#include <expected>
#include <span>
#include <string>

namespace sunder::replication {

inline constexpr std::uint8_t wire_version = 2;
/// A set of chunks takes an eighth of that in bytes, however few are in it.
inline constexpr std::uint64_t most_chunks = std::uint64_t{1} << 32;

/// The head. Requires that pointers of the message point to something, but for a greeting's bits.
void encode(Message const& message, ByteWriter& to);
/// What follows behind the head; null: nothing.
Payload const* content_of(Message const& message);
/// `content` is what followed; empty: nothing. A set of more than `chunks` chunks is refused before
/// there is room for it: whoever knows the volume says how many it has.
std::expected<Message, std::string> decode_message(std::span<std::byte const> head, Payload content,
                                                   std::uint64_t chunks = most_chunks);

}  // namespace sunder::replication
