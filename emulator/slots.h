// SPDX-License-Identifier: BSD-3-Clause
//
// Which slots of one disk group's store are in use. A slot that was freed is given out again only
// when the change that freed it is durable: else a power cut would bring back a map in which it
// still belongs to somebody, and show him what another volume wrote there since.
//
// Where a store can give back what nobody has (`keep_holes`), it is known in which free slots the
// bytes of their last owner remain. A run of those is taken like any slot while it is emptied.
#pragma once

#include "emulator/geometry.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace sunder::emulator {

/// Slots that lie in a row.
struct SlotRun {
    Slot first = 0;
    Slot count = 0;
    friend bool operator==(SlotRun const&, SlotRun const&) = default;
};

class Slots {
public:
    /// The lowest slot that is free.
    Slot take();
    /// No map has it any more since change `at`.
    void free(Slot slot, Commit at);
    /// It was taken for a change that was not made.
    void give_back(Slot slot);
    /// Everything up to and including `durable` survives a power cut.
    void settle(Commit durable);
    /// For readers of what was stored.
    void adopt(Slot slot);

    /// Whether to know in which free slots something remains. No: all of that is forgotten.
    void keep_holes(bool keep);
    /// Something may remain in every free slot below `end`.
    void suspect(Slot end);
    /// The lowest free slots in which something remains, as many as lie in a row, up to `most`;
    /// they are not given out before they come back.
    std::optional<SlotRun> take_remains(Slot most);
    void emptied(SlotRun run);

    [[nodiscard]] bool in_use(Slot slot) const;
    /// Slots that some map, or some plan, has.
    [[nodiscard]] std::uint64_t used() const { return used_; }
    /// Slots that wait until their end is durable.
    [[nodiscard]] std::uint64_t waiting() const { return freed_.size(); }
    /// One more than the highest slot that was ever given out.
    [[nodiscard]] Slot high_water() const { return high_; }
    [[nodiscard]] std::size_t bytes() const;
    friend bool operator==(Slots const&, Slots const&) = default;

private:
    struct Freed {
        Slot slot = 0;
        Commit at = 0;
        friend bool operator==(Freed const&, Freed const&) = default;
    };
    void mark(Slot slot, bool taken);
    void release(Slot slot);
    void remain(Slot slot);
    [[nodiscard]] bool remains_in(Slot slot) const;

    std::vector<std::uint64_t> taken_;    // one bit each; what waits is taken, too
    std::vector<Freed> freed_;            // in the order of `at`
    std::vector<std::uint64_t> remains_;  // one bit each; only of free slots, if they are kept
    std::size_t lowest_remains_ = 0;      // no word of remains_ below this has one
    bool keep_holes_ = false;
    std::uint64_t used_ = 0;
    std::size_t lowest_ = 0;  // no word of taken_ below this has a free slot
    Slot high_ = 0;
};

}  // namespace sunder::emulator
