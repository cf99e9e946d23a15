// SPDX-License-Identifier: BSD-3-Clause
//
// The moment at which a leg of a source comes to a state, held: the whole process stands still
// (SIGSTOP) before anything that follows has left it, so that a state which passes in a millisecond
// can be interrupted. For tests; who armed it lets the process go on (SIGCONT), or kills it.
#pragma once

#include "replication/note.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <optional>

namespace sunder::live {

class Breakpoint {
public:
    /// Nothing: it holds nobody. It holds once.
    void arm(std::optional<replication::LegState> at) {
        armed_ = at ? static_cast<std::uint8_t>(*at) : nowhere;
    }
    void see(replication::note::LegChanged const& changed) {
        if (changed.direction != replication::Direction::outward) return;
        std::uint8_t here = static_cast<std::uint8_t>(changed.to);
        if (armed_.compare_exchange_strong(here, nowhere)) ::raise(SIGSTOP);
    }

private:
    static constexpr std::uint8_t nowhere = 0xff;
    std::atomic<std::uint8_t> armed_ = nowhere;
};

}  // namespace sunder::live
