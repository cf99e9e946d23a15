// SPDX-License-Identifier: BSD-3-Clause
//
// What is said first on each connection, by both sides: who speaks, to whom, in which cluster,
// about what. It decides whether these two may talk at all; what they say is not looked at before.
#pragma once

#include "base/codec.h"
#include "nodes/live/agreement.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

namespace sunder::live {

/// Of frames, messages and greetings together: two that differ in it do not talk.
inline constexpr std::uint16_t protocol_version = 2;
inline constexpr std::size_t most_name_bytes = 64;

struct Greeting {
    std::uint16_t protocol = protocol_version;
    std::string cluster;
    std::string from;  ///< the node that speaks
    std::string to;    ///< the node that it means to reach
    std::string what;  ///< the name of a mirror; empty: what nodes say to each other
    /// Of the speaker's life: another one means that it has started anew.
    std::uint64_t life = 0;
    std::uint8_t compression = 0;  ///< the highest level of zstd that it wants to decompress
    std::vector<Agreed> agreed{};  ///< what both have to be configured alike in
    friend bool operator==(Greeting const&, Greeting const&) = default;
};

/// Requires a cluster and two nodes with names that may be: 1 to 64 characters, each a letter, a
/// figure or one of `._-`; a mirror's name may be empty.
void encode(Greeting const& greeting, ByteWriter& to);
/// The error says what, at which byte, and what would be right.
std::expected<Greeting, std::string> decode_greeting(std::span<std::byte const> bytes);

/// Why whoever said `theirs` is none that said `ours`, or waits to say it, may talk to; empty: it
/// is the peer. It names both words, as an operator wrote them.
std::string refusal(Greeting const& ours, Greeting const& theirs);

}  // namespace sunder::live
