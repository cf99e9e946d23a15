// SPDX-License-Identifier: BSD-3-Clause
//
// A heartbeat as a datagram: who beats, in which of its lives, and for which cluster. When they are
// sent, and what it means that one came or did not, is decided elsewhere (beats.h).
#pragma once

#include "base/ids.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sunder::live {

struct Beat {
    NodeId node;
    std::uint64_t life = 0;
    friend bool operator==(Beat const&, Beat const&) = default;
};

std::vector<std::byte> encode_beat(Beat const& beat, std::string_view cluster);

/// Nothing: it is no beat, it is damaged, or it is for another cluster. Whoever can send datagrams
/// can make right ones; whether the node is a peer is for the caller to say.
std::optional<Beat> read_beat(std::span<std::byte const> datagram, std::string_view cluster);

}  // namespace sunder::live
