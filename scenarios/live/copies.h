// SPDX-License-Identifier: BSD-3-Clause
//
// Whether the copies of mirrors that are fully operational are equal (SAF-9). Each target is kept
// apart by an operator's pause, so that it can be read as well as its source.
#pragma once

#include "netsim/checkers/checker.h"
#include "scenarios/live/stage.h"

namespace sunder::staged {

/// Requires that nobody writes any more. `patience` is scenario time: how long a pause may take.
/// A copy that could not be looked at is named among what was allowed.
void compare_copies(Stage& stage, netsim::Cluster const& cluster, netsim::Findings& findings,
                    Duration patience);

}  // namespace sunder::staged
