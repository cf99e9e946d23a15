// SPDX-License-Identifier: BSD-3-Clause
//
// What may differ, the coarsest first, because what follows from it differs as well.
#include "netsim/checkers/same_run_twice.h"

#include <fmt/format.h>

namespace sunder::netsim {

SameRunTwice::Run SameRunTwice::of(World const& world, Findings const& findings) {
    return {world.trace_hash(), world.events(), world.now(), findings.violations(),
            findings.allowances()};
}

std::string SameRunTwice::difference(Run const& first, Run const& again) {
    if (first.events != again.events)
        return fmt::format("it had {} events, and then {}", first.events, again.events);
    if (first.time != again.time) {
        return fmt::format("it ended at {}, and then at {}", to_text(first.time),
                           to_text(again.time));
    }
    if (first.trace_hash != again.trace_hash) {
        return fmt::format("its trace was {:016x}, and then {:016x}", first.trace_hash,
                           again.trace_hash);
    }
    if (first.violations != again.violations) return "other properties were broken";
    if (first.allowed != again.allowed) return "other outcomes were allowed";
    return {};
}

}  // namespace sunder::netsim
