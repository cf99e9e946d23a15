// SPDX-License-Identifier: BSD-3-Clause
//
// A set of nodes of a cluster, as a value that is cheap to compare and to send.
#pragma once

#include "base/hash.h"
#include "base/ids.h"

#include <array>
#include <cstdint>

namespace sunder::nodes {

class NodeSet {
public:
    void insert(NodeId node) { words_[node.value / 64] |= std::uint64_t{1} << node.value % 64; }
    void erase(NodeId node) { words_[node.value / 64] &= ~(std::uint64_t{1} << node.value % 64); }
    [[nodiscard]] bool contains(NodeId node) const {
        return (words_[node.value / 64] >> node.value % 64 & 1) != 0;
    }
    [[nodiscard]] Fingerprint fingerprint() const {
        return hash_words(words_[0], words_[1], words_[2], words_[3]);
    }
    friend bool operator==(NodeSet const&, NodeSet const&) = default;

private:
    std::array<std::uint64_t, 4> words_{};
};

}  // namespace sunder::nodes
