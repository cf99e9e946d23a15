// SPDX-License-Identifier: BSD-3-Clause
//
// Walking the radix tree.
#include "netsim/image.h"

#include "base/verify.h"

#include <algorithm>

namespace sunder::netsim {

namespace {

Extent common(Extent a, Extent b) {
    std::uint64_t const first = std::max(a.first, b.first);
    std::uint64_t const end = std::min(a.end(), b.end());
    return {first, end > first ? end - first : 0};
}

}  // namespace

Image::Image(std::uint64_t sectors) : sectors_(sectors) {
    while (span_ < sectors_) span_ *= fan_out;
}

void Image::own() {
    Image apart(sectors_);
    for (std::uint64_t sector = 0; sector < sectors_; ++sector) {
        Content const content = at(sector);
        if (content != Content{}) apart.fill({sector, 1}, content);
    }
    *this = std::move(apart);
}

void Image::fill(Extent range, Content content) {
    VERIFY(range.end() <= sectors_);
    if (range.count != 0) fill_slot(root_, 0, span_, range, content);
}

void Image::fill_slot(Slot& slot, std::uint64_t start, std::uint64_t span, Extent range,
                      Content content) {
    if (range.first <= start && start + span <= range.end()) {
        slot.content = content;
        slot.child.reset();
        return;
    }
    if (!slot.child) {
        if (slot.content == content) return;
        slot.child = new Node(span == block ? block : fan_out, slot.content);
    } else if (slot.child->use_count() > 1) {
        slot.child = new Node(*slot.child);
    }
    std::uint64_t const step = finer(span);
    Extent const covered = common(range, {start, span});
    std::uint64_t const first = (covered.first - start) / step;
    std::uint64_t const last = (covered.end() - 1 - start) / step;
    for (std::uint64_t i = first; i <= last; ++i) {
        Slot& below = slot.child->slots[i];
        slot.child->print -= below.print(i);
        fill_slot(below, start + i * step, step, range, content);
        slot.child->print += below.print(i);
    }
    // A long sequential fill leaves one slot behind, not a node per boundary it crossed.
    auto const& slots = slot.child->slots;
    auto const uniform = [&](Slot const& below) {
        return !below.child && below.content == content;
    };
    if (uniform(slots.front()) && uniform(slots.back()) &&
        std::all_of(slots.begin(), slots.end(), uniform)) {
        slot.content = content;
        slot.child.reset();
    }
}

void Image::write(Extent range, Payload const& payload) {
    VERIFY(payload.sectors() == range.count);
    std::uint64_t position = range.first;
    payload.for_each([&](Piece const& piece) {
        Content const content{piece.id, piece.id == 0 ? 0 : piece.offset - position};
        fill({position, piece.sectors}, content);
        position += piece.sectors;
    });
}

void Image::collect(Slot const& slot, std::uint64_t start, std::uint64_t span, Extent range,
                    std::vector<Piece>& pieces) {
    Extent const covered = common(range, {start, span});
    if (covered.count == 0) return;
    if (slot.child) {
        std::uint64_t const step = finer(span);
        std::uint64_t const first = (covered.first - start) / step;
        std::uint64_t const last = (covered.end() - 1 - start) / step;
        for (std::uint64_t i = first; i <= last; ++i) {
            collect(slot.child->slots[i], start + i * step, step, range, pieces);
        }
        return;
    }
    Content const content = slot.content;
    std::uint64_t const offset = content.id == 0 ? 0 : content.shift + covered.first;
    if (!pieces.empty()) {
        Piece& last = pieces.back();
        bool const follows = last.id == 0 || last.offset + last.sectors == offset;
        if (last.id == content.id && follows) {
            last.sectors += covered.count;
            return;
        }
    }
    pieces.push_back({covered.count, content.id, offset});
}

Payload Image::read(Extent range) const {
    VERIFY(range.end() <= sectors_);
    // Most reads find one piece, and then nothing is allocated for the payload.
    thread_local std::vector<Piece> pieces;
    pieces.clear();
    collect(root_, 0, span_, range, pieces);
    if (pieces.size() == 1) {
        Piece const piece = pieces.front();
        return piece.id == 0 ? Payload::zero(piece.sectors)
                             : Payload::pattern(piece.sectors, piece.id, piece.offset);
    }
    return Payload::of(pieces);
}

Content Image::at(std::uint64_t sector) const {
    Slot const* slot = &root_;
    std::uint64_t start = 0;
    std::uint64_t span = span_;
    while (slot->child) {
        std::uint64_t const step = finer(span);
        std::uint64_t const i = (sector - start) / step;
        slot = &slot->child->slots[i];
        start += i * step;
        span = step;
    }
    return slot->content;
}

void Image::compare(Slot const& a, Slot const& b, std::uint64_t start, std::uint64_t span,
                    Extent within, std::vector<Extent>& differences) {
    if (alike(a, b)) return;
    Extent const covered = common(within, {start, span});
    if (covered.count == 0) return;
    if (!a.child && !b.child) {
        if (!differences.empty() && differences.back().end() == covered.first) {
            differences.back().count += covered.count;
        } else {
            differences.push_back(covered);
        }
        return;
    }
    std::uint64_t const step = finer(span);
    Slot const uniform_a{a.content, nullptr};
    Slot const uniform_b{b.content, nullptr};
    std::uint64_t const first = (covered.first - start) / step;
    std::uint64_t const last = (covered.end() - 1 - start) / step;
    for (std::uint64_t i = first; i <= last; ++i) {
        Slot const& below_a = a.child ? a.child->slots[i] : uniform_a;
        Slot const& below_b = b.child ? b.child->slots[i] : uniform_b;
        // Asked here as well: nearly all slots of nearly all nodes are alike.
        if (!alike(below_a, below_b))
            compare(below_a, below_b, start + i * step, step, within, differences);
    }
}

}  // namespace sunder::netsim
