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
    if (slot / 64 < remains_.size()) remains_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
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
    if (mutant(Mutant::emptied_early)) remain(slot);
    VERIFY(freed_.empty() || freed_.back().at <= at);
    freed_.push_back({slot, at});
}

void Slots::give_back(Slot slot) {
    VERIFY(in_use(slot));
    --used_;
    release(slot);
}

void Slots::settle(Commit durable) {
    auto end = freed_.begin();
    for (; end != freed_.end() && end->at <= durable; ++end) release(end->slot);
    freed_.erase(freed_.begin(), end);
}

void Slots::remain(Slot slot) {
    if (!keep_holes_) return;
    std::size_t const word = slot / 64;
    if (word >= remains_.size()) remains_.resize(word + 1, 0);
    remains_[word] |= std::uint64_t{1} << (slot % 64);
    lowest_remains_ = std::min(lowest_remains_, word);
}

void Slots::release(Slot slot) {
    mark(slot, false);
    remain(slot);
}

void Slots::keep_holes(bool keep) {
    keep_holes_ = keep;
    if (!keep) remains_ = {};
}

void Slots::suspect(Slot end) {
    if (!keep_holes_ || end == 0) return;
    std::size_t const last = (end - 1) / 64;
    remains_.resize(std::max(remains_.size(), last + 1), 0);
    for (std::size_t word = 0; word <= last; ++word) {
        remains_[word] = ~(word < taken_.size() ? taken_[word] : 0);
    }
    if (end % 64 != 0) remains_[last] &= (std::uint64_t{1} << (end % 64)) - 1;
    lowest_remains_ = 0;
}

std::optional<SlotRun> Slots::take_remains(Slot most) {
    while (lowest_remains_ < remains_.size() && remains_[lowest_remains_] == 0) ++lowest_remains_;
    if (lowest_remains_ >= remains_.size()) return std::nullopt;
    auto const bit = static_cast<unsigned>(__builtin_ctzll(remains_[lowest_remains_]));
    SlotRun run{static_cast<Slot>(lowest_remains_ * 64 + bit), 0};
    for (Slot slot = run.first; run.count < most && remains_in(slot); ++slot, ++run.count) {
        mark(slot, true);
        remains_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    }
    return run;
}

void Slots::emptied(SlotRun run) {
    if (mutant(Mutant::emptied_early)) return;
    for (Slot slot = run.first; slot < run.first + run.count; ++slot) mark(slot, false);
}

bool Slots::remains_in(Slot slot) const {
    return slot / 64 < remains_.size() && ((remains_[slot / 64] >> (slot % 64)) & 1U) != 0;
}

bool Slots::in_use(Slot slot) const {
    return slot / 64 < taken_.size() && ((taken_[slot / 64] >> (slot % 64)) & 1U) != 0;
}

std::size_t Slots::bytes() const {
    return sizeof *this + taken_.capacity() * 8 + freed_.capacity() * sizeof(Freed) +
           remains_.capacity() * 8;
}

}  // namespace sunder::emulator
