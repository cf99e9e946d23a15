// SPDX-License-Identifier: BSD-3-Clause
//
// Plays one case of a scenario with real nodes: processes that serve real NBD devices, a network of
// relays between them, hosts that read and write, and signals. What the file gives as times is
// divided by one factor.
#pragma once

#include "scenarios/language/play.h"
#include "scenarios/live/setup.h"

#include <atomic>
#include <filesystem>
#include <string>

namespace sunder::staged {

struct LiveOptions {
    std::uint64_t seed = 1;  ///< of what hosts ask
    Speed speed{10};
    std::string plugin;                          ///< nbdkit's, with its path
    std::filesystem::path folder;                ///< in which each case makes one of its own
    bool keep = false;                           ///< what the nodes left behind
    std::atomic<bool> const* stopped = nullptr;  ///< becomes true when everything is to end
};

/// Thrown by whoever sees that everything is to end.
struct Stopped {};

/// Requires a case that real nodes can play (`unplayable`). Marks are those of what the nodes
/// recorded; recovery times are not judged, for they are the machine's. What does not come true
/// while no property is violated is played once more at a quarter of the speed, and the outcome
/// says so: a resync takes its time, however short the scenario's seconds are. Throws Stopped, and
/// leaves no process and no folder behind.
[[nodiscard]] language::Outcome play(language::Scenario const& scenario,
                                     LiveOptions const& options);

}  // namespace sunder::staged
