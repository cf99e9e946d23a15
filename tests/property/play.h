// SPDX-License-Identifier: BSD-3-Clause
//
// Plays a plan with all checkers watching, heals everything at its end, lets an operator end a
// split brain that was reported, and says what was wrong. It also counts what befell the cluster,
// so that a test can prove that its faults bite.
#pragma once

#include "tests/netsim/checkers/stage.h"
#include "tests/property/plan.h"

#include <array>
#include <string>

namespace sunder::netsim::test {

/// What happened, over many runs.
struct Tally {
    std::uint64_t runs = 0;
    std::uint64_t events = 0;
    std::uint64_t faithful = 0;
    // Runs in which it happened at least once.
    std::uint64_t failed_over = 0;
    std::uint64_t interrupted = 0;     ///< a resync
    std::uint64_t faithful_split = 0;  ///< of the faithful ones
    std::uint64_t fell_back = 0;       ///< to an image from before a resync
    std::uint64_t resumed = 0;         ///< after hosts had written to the paused target
    std::uint64_t resolved = 0;        ///< split brain at the end, which an operator ended
    // How often it happened.
    FateCount fates;
    std::uint64_t limit_reached = 0;
    std::uint64_t died_storing = 0;  ///< with a cell or a page on its way to stable storage
    std::uint64_t cut_storing = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(Phase::last)> struck{};  ///< by phase
    std::array<std::uint64_t, static_cast<std::size_t>(Phase::last)> lost{};    ///< the message
};

/// Empty when every property held and the cluster came to rest whole, after an operator's word if
/// it was split; else what was wrong.
std::string play(Plan const& plan, Tally& tally, std::uint64_t* trace_hash = nullptr);

/// What happens when the plan is played, one event a line.
std::string narration_of(Plan const& plan);

}  // namespace sunder::netsim::test
