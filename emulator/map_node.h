// SPDX-License-Identifier: BSD-3-Clause
//
// The nodes of a block map: a radix tree of 256-way nodes, shared between the maps of a family.
// A node's id is its identity: two maps share a node where both have that id, whatever copies of
// the whole array there are besides; in memory nodes are shared by those copies, too. Who may
// change which node is decided by block_map.h.
#pragma once

#include "base/hash.h"
#include "emulator/geometry.h"

#include <array>
#include <boost/container/static_vector.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <optional>
#include <vector>

namespace sunder::emulator {

/// Some sub-chunks of a chunk that lie in one slot, each at its own place there.
struct Layer {
    Slot slot = 0;
    Mask mask = no_sub_chunk;
    friend constexpr bool operator==(Layer const&, Layer const&) = default;
};
SUNDER_DESCRIBE(Layer, slot, mask);

/// Where the sub-chunks of one chunk lie; what is in no layer reads as zeroes. Layers are in the
/// order of their slots, with masks that are not empty and do not meet, so that equal means equal.
class Entry {
public:
    [[nodiscard]] bool empty() const { return layers_.empty(); }
    [[nodiscard]] auto begin() const { return layers_.begin(); }
    [[nodiscard]] auto end() const { return layers_.end(); }
    [[nodiscard]] std::size_t size() const { return layers_.size(); }
    [[nodiscard]] Mask mapped() const {
        Mask all = no_sub_chunk;
        for (Layer const& layer : layers_) all |= layer.mask;
        return all;
    }
    [[nodiscard]] Mask in(Slot slot) const {
        for (Layer const& layer : layers_) {
            if (layer.slot == slot) return layer.mask;
        }
        return no_sub_chunk;
    }
    [[nodiscard]] std::optional<Slot> slot_of(unsigned sub) const {
        for (Layer const& layer : layers_) {
            if ((layer.mask & bit(sub)) != 0) return layer.slot;
        }
        return std::nullopt;
    }
    void put(Slot slot, Mask mask);
    void clear(Mask mask);
    /// For readers of what was stored; requires the order that is described above.
    void append(Layer layer) { layers_.push_back(layer); }
    friend bool operator==(Entry const&, Entry const&) = default;

private:
    boost::container::static_vector<Layer, sub_chunks> layers_;
};

inline constexpr unsigned fan_out = 256;

/// Never minted twice in one array, later ones are greater. 0 is no node.
using NodeId = std::uint64_t;

struct Leaf;
struct Inner;

struct Node {
    NodeId id = 0;
    std::uint32_t holders = 0;  // in memory; says nothing about who shares what
    bool is_leaf = false;
};
void intrusive_ptr_add_ref(Node* node) noexcept;
void intrusive_ptr_release(Node* node) noexcept;
using NodePtr = boost::intrusive_ptr<Node>;

/// 256 chunks. A chunk that lies in one slot takes four bytes; any other has a record in `more_`.
struct Leaf : Node {
public:
    Leaf() { is_leaf = true; }
    [[nodiscard]] Entry get(unsigned at) const;
    void set(unsigned at, Entry const& entry);
    /// Where the whole chunk lies, when it lies in one slot.
    [[nodiscard]] std::optional<Slot> simple(unsigned at) const {
        std::uint32_t const word = words_[at];
        if (word == 0 || (word & complex) != 0) return std::nullopt;
        return word - 1;
    }
    [[nodiscard]] bool empty(unsigned at) const { return words_[at] == 0; }
    /// Sub-chunks of which it was found out that no other map uses their places: a memory, which
    /// holds while no other map has this leaf.
    [[nodiscard]] Mask owned(unsigned at) const {
        return owned_.empty() ? no_sub_chunk : owned_[at];
    }
    void set_owned(unsigned at, Mask mask) {
        if (owned_.empty() && mask == no_sub_chunk) return;
        if (owned_.empty()) owned_.resize(fan_out, no_sub_chunk);
        owned_[at] = mask;
    }
    void disown_all() { owned_ = {}; }
    [[nodiscard]] std::size_t bytes() const {
        return sizeof *this + (more_.capacity() + owned_.capacity()) * sizeof(std::uint16_t);
    }

private:
    // Slots are below this: 128 TiB in one disk group.
    static constexpr std::uint32_t complex = 0x80000000U;
    void compact();
    [[nodiscard]] std::size_t record_size(std::uint32_t word) const;

    std::array<std::uint32_t, fan_out> words_{};  // 0, slot + 1, or `complex` and a place in more_
    std::vector<std::uint16_t> more_;  // records: number of layers, then slot (low, high) and mask
    std::vector<Mask> owned_;          // empty until the first is found out
    std::uint32_t garbage_ = 0;        // words of more_ that no entry uses
};

struct Inner : Node {
    std::array<NodePtr, fan_out> children;
};

/// One map's tree. Nothing of it is shared in the sense above but by equal node ids.
struct Tree {
    NodePtr root;
    unsigned height = 1;  ///< levels; 1: the root is a leaf

    /// Null where nothing is mapped.
    [[nodiscard]] Leaf const* leaf(std::uint64_t chunk) const {
        Node const* node = root.get();
        for (unsigned level = height; level > 1 && node != nullptr; --level) {
            node = static_cast<Inner const*>(node)->children[slot_at(chunk, level)].get();
        }
        return static_cast<Leaf const*>(node);
    }
    [[nodiscard]] Entry get(std::uint64_t chunk) const {
        Leaf const* const found = leaf(chunk);
        return found == nullptr ? Entry{} : found->get(chunk % fan_out);
    }
    /// The node of `level` (1: a leaf) on the way to `chunk`; null where nothing is mapped.
    [[nodiscard]] Node const* node(std::uint64_t chunk, unsigned level) const;
    /// Which child of a node of `level` leads to `chunk`.
    static unsigned slot_at(std::uint64_t chunk, unsigned level) {
        return static_cast<unsigned>((chunk >> (8 * (level - 1))) % fan_out);
    }
    /// Levels that a map of so many chunks needs.
    static unsigned height_for(std::uint64_t chunks);
    [[nodiscard]] std::size_t bytes() const;
};
/// The same nodes with the same content, by id and in value.
bool operator==(Tree const& a, Tree const& b);
Fingerprint fingerprint_of(Tree const& tree);

/// The first chunk at or after `from`, below `end`, of a leaf that is there; `end` when none is.
std::uint64_t next_mapped_leaf(Tree const& tree, std::uint64_t from, std::uint64_t end);

}  // namespace sunder::emulator
