// SPDX-License-Identifier: BSD-3-Clause
//
// Plays one case of a scenario under one seed, with every checker watching, and says how it went.
#pragma once

#include "netsim/checkers/all.h"
#include "scenarios/language/director.h"
#include "scenarios/language/recovery.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sunder::language {

struct PlayOptions {
    std::uint64_t seed = 1;
    bool narrate = false;  ///< collect the narration
    bool explain = false;  ///< with the facts of each decision
    /// Every event in text, for traces; slow.
    std::function<void(NodeId, std::string const&)> tracer;
    /// Shown every observation, as the checkers are.
    std::function<void(netsim::World const&, netsim::Observation const&)> watch;
    /// Called once right after the world is made, with its clock, for tracers.
    std::function<void(netsim::World const&)> began;
    /// While set: the run ends where the steps end, with nothing brought to rest and no end judged.
    std::function<void(netsim::World const&, netsim::Findings const&)> stopped;
    /// Called now and then, for progress.
    std::function<void()> pulse;
    /// Asked now and then; the run is given up when it says no, and nothing is to be made of it.
    std::function<bool()> in_time;
    /// Called once when the first step that is no wait is reached.
    std::function<void(netsim::World const&)> past_waits;
    /// What a step asks of a node that it cannot do where the run has got to is left out.
    bool leave_out_impossible = false;
    std::uint64_t most_events = 2'000'000'000;  ///< then the verdict is unknown
    /// The run ends with the first property that is violated, and its end is not judged.
    bool until_violated = false;
};

/// What happened, in numbers.
struct Statistics {
    std::uint64_t events = 0;
    Duration time;
    std::uint64_t writes_acknowledged = 0;
    std::uint64_t came_in_service = 0;
    std::uint64_t chunks_to_copy = 0;  ///< by all resyncs together
    netsim::FateCount fates;
};

enum class Result { held, violated, unknown };

struct Outcome {
    std::uint64_t seed = 0;
    Result result = Result::held;
    std::string why_unknown;                    ///< in words, where the result is not known
    bool given_up = false;                      ///< there was no time for its end
    std::vector<std::size_t> left_out;          ///< steps; the run is the same without them
    std::size_t steps_done = 0;                 ///< those left out among them
    std::optional<Failure> failure;             ///< of a step or a final expectation
    std::vector<netsim::Violation> violations;  ///< of properties that the scenario demands
    std::vector<netsim::Violation> undemanded;  ///< of others; reported, not judged
    std::vector<std::string> never;             ///< marks of `sometimes` that were not reached
    std::map<std::string, std::uint64_t> allowed;
    std::map<std::string, std::uint64_t, std::less<>> marks;
    std::vector<std::string> narration;
    Statistics statistics;
    std::vector<Recovery> outages;
    std::uint64_t trace_hash = 0;
};

[[nodiscard]] Outcome play(Scenario const& scenario, PlayOptions const& options);

/// Plays it once more, with nobody watching, and says what was different then; empty when nothing
/// was (SAF-22).
[[nodiscard]] std::string difference_when_played_again(Scenario const& scenario,
                                                       Outcome const& first);

}  // namespace sunder::language
