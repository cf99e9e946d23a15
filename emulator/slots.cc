// SPDX-License-Identifier: BSD-3-Clause
//
// The bits behind slots.h.
#include "emulator/slots.h"

#include "emulator/mutant.h"

namespace sunder::emulator {

void Slots::mark(Slot slot, bool taken) {
    std::size_t const word = slot / 64;
    if (word >= taken_.size()) taken_.resize(word + 1, 0);
    std::uint64_t const mask = std::uint64_t{1} << (slot % 64);
    if (taken) {
        taken_[word] |= mask;
    } else {
        taken_[word] &= ~mask;
        lowest_ = std::min(lowest_, word);
    }
}

Slot Slots::take() {
    while (lowest_ < taken_.size() && ~taken_[lowest_] == 0) ++lowest_;
    std::uint64_t const word = lowest_ < taken_.size() ? taken_[lowest_] : 0;
    auto const slot =
        static_cast<Slot>(lowest_ * 64 + static_cast<unsigned>(__builtin_ctzll(~word)));
    mark(slot, true);
    ++used_;
    high_ = std::max(high_, slot + 1);
    return slot;
}

void Slots::adopt(Slot slot) {
    VERIFY(!in_use(slot));
    mark(slot, true);
    ++used_;
    high_ = std::max(high_, slot + 1);
}

void Slots::free(Slot slot, Commit at) {
    VERIFY(in_use(slot));
    --used_;
    if (mutant(Mutant::slot_reused_early)) {
        mark(slot, false);
        return;
    }
    VERIFY(freed_.empty() || freed_.back().at <= at);
    freed_.push_back({slot, at});
}

void Slots::give_back(Slot slot) {
    VERIFY(in_use(slot));
    --used_;
    mark(slot, false);
}

void Slots::settle(Commit durable) {
    auto end = freed_.begin();
    for (; end != freed_.end() && end->at <= durable; ++end) mark(end->slot, false);
    freed_.erase(freed_.begin(), end);
}

bool Slots::in_use(Slot slot) const {
    return slot / 64 < taken_.size() && ((taken_[slot / 64] >> (slot % 64)) & 1U) != 0;
}

std::size_t Slots::bytes() const {
    return sizeof *this + taken_.capacity() * 8 + freed_.capacity() * sizeof(Freed);
}

}  // namespace sunder::emulator
