// SPDX-License-Identifier: BSD-3-Clause
//
// What a run is played on: the kinds that do not happen at a moment, but are there from the
// beginning. Which of a cluster's nodes they concern depends on the run's seed alone.
#pragma once

#include "scenarios/campaign/drawing.h"

namespace sunder::campaign {

/// Changes the cluster by what is in the run's diet.
void furnish(netsim::Cluster& cluster, Recipe const& recipe);

[[nodiscard]] inline bool has(Diet diet, Kind kind) {
    return (diet >> static_cast<unsigned>(kind) & 1) != 0;
}

}  // namespace sunder::campaign
