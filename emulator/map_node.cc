// SPDX-License-Identifier: BSD-3-Clause
//
// How a chunk's entry is packed into a leaf, and how trees are walked and compared.
#include "emulator/map_node.h"

namespace sunder::emulator {

void Entry::put(Slot slot, Mask mask) {
    if (mask == no_sub_chunk) return;
    clear(mask);
    auto at = layers_.begin();
    while (at != layers_.end() && at->slot < slot) ++at;
    if (at != layers_.end() && at->slot == slot) {
        at->mask |= mask;
    } else {
        layers_.insert(at, Layer{slot, mask});
    }
}

void Entry::clear(Mask mask) {
    for (auto at = layers_.begin(); at != layers_.end();) {
        at->mask = without(at->mask, mask);
        at = at->mask == no_sub_chunk ? layers_.erase(at) : at + 1;
    }
}

void intrusive_ptr_add_ref(Node* node) noexcept { ++node->holders; }

void intrusive_ptr_release(Node* node) noexcept {
    if (--node->holders != 0) return;
    if (node->is_leaf) {
        delete static_cast<Leaf*>(node);
    } else {
        delete static_cast<Inner*>(node);
    }
}

Entry Leaf::get(unsigned at) const {
    Entry entry;
    std::uint32_t const word = words_[at];
    if (word == 0) return entry;
    if ((word & complex) == 0) {
        entry.append({word - 1, whole_chunk});
        return entry;
    }
    std::size_t place = word & ~complex;
    for (unsigned left = more_[place++]; left > 0; --left, place += 3) {
        entry.append({more_[place] | static_cast<Slot>(more_[place + 1]) << 16, more_[place + 2]});
    }
    return entry;
}

std::size_t Leaf::record_size(std::uint32_t word) const {
    return (word & complex) == 0 ? 0 : 1U + 3U * more_[word & ~complex];
}

void Leaf::set(unsigned at, Entry const& entry) {
    std::size_t const old_size = record_size(words_[at]);
    if (entry.empty() || (entry.size() == 1 && entry.begin()->mask == whole_chunk)) {
        words_[at] = entry.empty() ? 0 : entry.begin()->slot + 1;
        garbage_ += static_cast<std::uint32_t>(old_size);
        if (garbage_ > 64 && garbage_ > more_.size() / 2) compact();
        return;
    }
    std::size_t const new_size = 1 + 3 * entry.size();
    std::size_t place = more_.size();
    if (old_size == new_size) {
        place = words_[at] & ~complex;
    } else {
        words_[at] = 0;
        garbage_ += static_cast<std::uint32_t>(old_size);
        if (garbage_ > 64 && garbage_ > more_.size() / 4) compact();
        place = more_.size();
        if (place + new_size > more_.capacity()) more_.reserve(place + new_size + place / 16);
        more_.resize(place + new_size);
    }
    words_[at] = complex | static_cast<std::uint32_t>(place);
    more_[place++] = static_cast<std::uint16_t>(entry.size());
    for (Layer const& layer : entry) {
        VERIFY(layer.slot < complex - 1);
        more_[place++] = static_cast<std::uint16_t>(layer.slot);
        more_[place++] = static_cast<std::uint16_t>(layer.slot >> 16);
        more_[place++] = layer.mask;
    }
}

void Leaf::compact() {
    std::vector<std::uint16_t> kept;
    kept.reserve(more_.size() - garbage_ + 14);
    for (std::uint32_t& word : words_) {
        std::size_t const size = record_size(word);
        if (size == 0) continue;
        auto const record = more_.begin() + static_cast<std::ptrdiff_t>(word & ~complex);
        word = complex | static_cast<std::uint32_t>(kept.size());
        kept.insert(kept.end(), record, record + static_cast<std::ptrdiff_t>(size));
    }
    more_ = std::move(kept);
    garbage_ = 0;
}

Node const* Tree::node(std::uint64_t chunk, unsigned level) const {
    Node const* found = root.get();
    for (unsigned at = height; at > level && found != nullptr; --at) {
        found = static_cast<Inner const*>(found)->children[slot_at(chunk, at)].get();
    }
    return found;
}

unsigned Tree::height_for(std::uint64_t chunks) {
    unsigned height = 1;
    for (std::uint64_t span = fan_out; span < chunks; span *= fan_out) ++height;
    return height;
}

namespace {

std::size_t bytes_of(Node const* node) {
    if (node == nullptr) return 0;
    if (node->is_leaf) return static_cast<Leaf const*>(node)->bytes();
    std::size_t bytes = sizeof(Inner);
    for (NodePtr const& child : static_cast<Inner const*>(node)->children) {
        bytes += bytes_of(child.get());
    }
    return bytes;
}

bool same(Node const* a, Node const* b) {
    if (a == b) return true;
    if (a == nullptr || b == nullptr || a->id != b->id || a->is_leaf != b->is_leaf) return false;
    for (unsigned at = 0; at < fan_out; ++at) {
        if (a->is_leaf) {
            auto const* const left = static_cast<Leaf const*>(a);
            auto const* const right = static_cast<Leaf const*>(b);
            if (left->get(at) != right->get(at)) return false;
        } else {
            auto const& left = static_cast<Inner const*>(a)->children[at];
            auto const& right = static_cast<Inner const*>(b)->children[at];
            if (!same(left.get(), right.get())) return false;
        }
    }
    return true;
}

void add_to(Hasher& hasher, Node const* node) {
    hasher.add(node == nullptr ? 0 : node->id);
    if (node == nullptr) return;
    for (unsigned at = 0; at < fan_out; ++at) {
        if (!node->is_leaf) {
            add_to(hasher, static_cast<Inner const*>(node)->children[at].get());
            continue;
        }
        for (Layer const& layer : static_cast<Leaf const*>(node)->get(at)) {
            hasher.add(at);
            hasher.add(layer.slot);
            hasher.add(layer.mask);
        }
    }
}

}  // namespace

std::size_t Tree::bytes() const { return bytes_of(root.get()); }

bool operator==(Tree const& a, Tree const& b) {
    return a.height == b.height && same(a.root.get(), b.root.get());
}

Fingerprint fingerprint_of(Tree const& tree) {
    Hasher hasher;
    hasher.add(tree.height);
    add_to(hasher, tree.root.get());
    return hasher.result();
}

std::uint64_t next_mapped_leaf(Tree const& tree, std::uint64_t from, std::uint64_t end) {
    while (from < end) {
        unsigned missing = 0;  // the highest level at which nothing leads to `from`
        for (unsigned level = tree.height; level >= 1 && missing == 0; --level) {
            if (tree.node(from, level) == nullptr) missing = level;
        }
        if (missing == 0) return from;
        std::uint64_t const span = std::uint64_t{1} << (8 * missing);
        from = (from / span + 1) * span;
    }
    return end;
}

}  // namespace sunder::emulator
