// SPDX-License-Identifier: BSD-3-Clause
//
// What a disk holds, as patterns: a radix tree of 64-way nodes whose slots are either uniform over
// all they cover or lead to a finer node, down to single sectors where a write was torn. Copies
// share all nodes until one of them is written.
#pragma once

#include "base/payload.h"
#include "base/units.h"

#include <boost/container/small_vector.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <vector>

namespace sunder::netsim {

/// Content of one sector: sector `shift + position` of pattern `id`. Id 0: zeroes, shift 0.
struct Content {
    std::uint64_t id = 0;
    std::uint64_t shift = 0;  ///< modulo 2^64
    friend constexpr bool operator==(Content, Content) = default;
};

class Image {
public:
    Image() = default;
    /// A disk of `sectors` that reads as zeroes.
    explicit Image(std::uint64_t sectors);

    [[nodiscard]] std::uint64_t sectors() const { return sectors_; }
    void write(Extent range, Payload const& payload);
    void fill(Extent range, Content content);
    [[nodiscard]] Payload read(Extent range) const;
    [[nodiscard]] Content at(std::uint64_t sector) const;
    /// Shares no node with any other image any more, whose copies belong to one thread. Reads every
    /// sector.
    void own();

    /// Calls `visit(Extent)` for each maximal run, inside `within`, in which the two differ; stops
    /// when `visit` returns false.
    template <class Visit>
    static void for_each_difference(Image const& a, Image const& b, Extent within, Visit&& visit);
    [[nodiscard]] static bool same(Image const& a, Image const& b, Extent within) {
        bool equal = true;
        for_each_difference(a, b, within, [&](Extent) { return equal = false; });
        return equal;
    }

private:
    static constexpr unsigned fan_out = 64;
    /// Sectors that a slot of the lowest regular level covers: one 4 KiB block.
    static constexpr std::uint64_t block = 8;

    struct Node;
    using NodePtr = boost::intrusive_ptr<Node>;
    struct Slot {
        Content content;
        NodePtr child;
        [[nodiscard]] Fingerprint print() const;
    };
    struct Node : boost::intrusive_ref_counter<Node, boost::thread_unsafe_counter> {
        Node(std::size_t used, Slot const& uniform)
            : slots(used, uniform), print(uniform.print() * sum_of_weights(used)) {}
        boost::container::small_vector<Slot, block> slots;  // the finest nodes have few
        /// The sum of the slots', each times the weight of its place, so that neither a change of
        /// one nor a node that is uniform has to look at all of them.
        Fingerprint print;
    };
    static constexpr Fingerprint weight(std::uint64_t place) { return mix(place, place) | 1; }
    static Fingerprint sum_of_weights(std::size_t places);
    /// True when they are the same at one glance. Nodes of one fingerprint are taken for the same,
    /// which they are but for one time in 2^64.
    static bool alike(Slot const& a, Slot const& b) {
        if (!a.child || !b.child) return !a.child && !b.child && a.content == b.content;
        return a.child == b.child || a.child->print == b.child->print;
    }
    static std::uint64_t finer(std::uint64_t span) { return span == block ? 1 : span / fan_out; }
    /// A slot and where what it covers begins.
    struct Place {
        Slot const* slot;
        std::uint64_t start;
        std::uint64_t span;
    };
    /// The finest slot that covers all of a range that is not empty.
    [[nodiscard]] Place around(Extent range) const;
    static void fill_slot(Slot& slot, std::uint64_t start, std::uint64_t span, Extent range,
                          Content content);
    static void collect(Slot const& slot, std::uint64_t start, std::uint64_t span, Extent range,
                        std::vector<Piece>& pieces);
    static void compare(Slot const& a, Slot const& b, std::uint64_t start, std::uint64_t span,
                        Extent within, std::vector<Extent>& differences);

    std::uint64_t sectors_ = 0;
    std::uint64_t span_ = block;  // what the root slot covers
    Slot root_;
};

inline Fingerprint Image::Slot::print() const {
    return child ? mix(child->print, 1) : hash_words(content.id, content.shift);
}

template <class Visit>
void Image::for_each_difference(Image const& a, Image const& b, Extent within, Visit&& visit) {
    std::vector<Extent> differences;
    // Both trees are walked with the wider root; the narrower one never holds more sectors.
    if (a.span_ == b.span_) {
        compare(a.root_, b.root_, 0, a.span_, within, differences);
    } else {
        for (std::uint64_t sector = within.first; sector < within.end(); ++sector) {
            if (a.at(sector) != b.at(sector)) differences.push_back({sector, 1});
        }
    }
    for (Extent const& difference : differences) {
        if (!visit(difference)) return;
    }
}

}  // namespace sunder::netsim
