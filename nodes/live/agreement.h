// SPDX-License-Identifier: BSD-3-Clause
//
// What two nodes must be configured alike in, because each decides by it what the other does. Their
// files are written by hand, one for each; whoever greets says what his file says, and nodes that
// differ do not talk. Addresses, paths, paces and what one node does by itself may differ.
#pragma once

#include "base/codec.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sunder::live {

struct NodeSetup;

/// A setting of the cluster, or of a mirror, by the word of the node's file.
struct Agreed {
    std::string name;
    std::string value;
    friend bool operator==(Agreed const&, Agreed const&) = default;
};

inline constexpr std::size_t most_agreed = 16;
inline constexpr std::size_t most_agreed_bytes = 160;  ///< of a value; the rest goes by its sum

/// Nothing for `mirror`: what nodes of one cluster agree in.
std::vector<Agreed> agreed(NodeSetup const& setup, std::optional<std::size_t> mirror);
void encode(std::vector<Agreed> const& all, ByteWriter& to);
/// Nothing: it is none.
std::optional<std::vector<Agreed>> decode_agreed(ByteReader& from);

/// In what they differ, and how, in words; empty: they agree.
std::string disagreement(std::vector<Agreed> const& ours, std::vector<Agreed> const& theirs);

}  // namespace sunder::live
