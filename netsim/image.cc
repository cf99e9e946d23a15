// SPDX-License-Identifier: BSD-3-Clause
//
// Walking the radix tree.
#include "netsim/image.h"

#include "base/verify.h"

#include <algorithm>
#include <array>
#include <bit>

namespace sunder::netsim {

namespace {

Extent overlap(Extent a, Extent b) {
    std::uint64_t const first = std::max(a.first, b.first);
    std::uint64_t const end = std::min(a.end(), b.end());
    return {first, end > first ? end - first : 0};
}

/// In which of the slots of this span a sector lies. Spans are powers of two.
std::uint64_t slot_of(std::uint64_t sector, std::uint64_t span) {
    return sector >> std::countr_zero(span);
}

}  // namespace

Fingerprint Image::sum_of_weights(std::size_t places) {
    static constexpr auto sums = [] {
        std::array<Fingerprint, fan_out + 1> sum{};
        for (std::uint64_t place = 0; place < fan_out; ++place)
            sum[place + 1] = sum[place] + weight(place);
        return sum;
    }();
    return sums[places];
}

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
        slot.child = new Node(span == block ? block : fan_out, slot);
    } else if (slot.child->use_count() > 1) {
        slot.child = new Node(*slot.child);
    }
    std::uint64_t const step = finer(span);
    Extent const covered = overlap(range, {start, span});
    std::uint64_t const first = slot_of(covered.first - start, step);
    std::uint64_t const last = slot_of(covered.end() - 1 - start, step);
    for (std::uint64_t i = first; i <= last; ++i) {
        Slot& below = slot.child->slots[i];
        Fingerprint const before = below.print();
        fill_slot(below, start + i * step, step, range, content);
        slot.child->print += (below.print() - before) * weight(i);
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
    Extent const covered = overlap(range, {start, span});
    if (covered.count == 0) return;
    if (slot.child) {
        std::uint64_t const step = finer(span);
        std::uint64_t const first = slot_of(covered.first - start, step);
        std::uint64_t const last = slot_of(covered.end() - 1 - start, step);
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

Image::Place Image::around(Extent range) const {
    Place place{&root_, 0, span_};
    while (place.slot->child) {
        std::uint64_t const step = finer(place.span);
        std::uint64_t const first = slot_of(range.first - place.start, step);
        if (first != slot_of(range.end() - 1 - place.start, step)) break;
        place = {&place.slot->child->slots[first], place.start + first * step, step};
    }
    return place;
}

Payload Image::read(Extent range) const {
    VERIFY(range.count != 0 && range.end() <= sectors_);
    Place const place = around(range);
    Content const content = place.slot->content;
    if (!place.slot->child) {
        return content.id == 0
                   ? Payload::zero(range.count)
                   : Payload::pattern(range.count, content.id, content.shift + range.first);
    }
    thread_local std::vector<Piece> pieces;
    pieces.clear();
    collect(*place.slot, place.start, place.span, range, pieces);
    return Payload::of(pieces);
}

Content Image::at(std::uint64_t sector) const { return around({sector, 1}).slot->content; }

void Image::compare(Slot const& a, Slot const& b, std::uint64_t start, std::uint64_t span,
                    Extent within, std::vector<Extent>& differences) {
    if (alike(a, b)) return;
    Extent const covered = overlap(within, {start, span});
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
    std::uint64_t const first = slot_of(covered.first - start, step);
    std::uint64_t const last = slot_of(covered.end() - 1 - start, step);
    for (std::uint64_t i = first; i <= last; ++i) {
        Slot const& below_a = a.child ? a.child->slots[i] : uniform_a;
        Slot const& below_b = b.child ? b.child->slots[i] : uniform_b;
        // Asked here as well: nearly all slots of nearly all nodes are alike.
        if (!alike(below_a, below_b))
            compare(below_a, below_b, start + i * step, step, within, differences);
    }
}

}  // namespace sunder::netsim
