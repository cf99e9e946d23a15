// SPDX-License-Identifier: BSD-3-Clause
//
// Which slots of one disk group's store are in use. A slot that was freed is given out again only
// when the change that freed it is durable: else a power cut would bring back a map in which it
// still belongs to somebody, and show him what another volume wrote there since.
#pragma once

#include "emulator/geometry.h"

#include <cstdint>
#include <vector>

namespace sunder::emulator {

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

    std::vector<std::uint64_t> taken_;  // one bit each; what waits is taken, too
    std::vector<Freed> freed_;          // in the order of `at`
    std::uint64_t used_ = 0;
    std::size_t lowest_ = 0;  // no word of taken_ below this has a free slot
    Slot high_ = 0;
};

}  // namespace sunder::emulator
