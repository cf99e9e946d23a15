// SPDX-License-Identifier: BSD-3-Clause
//
// targets_for_ever_never_serve (SAF-5, R1): a copy that is configured as a target for ever, as the
// one behind an nbd-server is, comes in service at no time and by nobody's word, not even by force.
// That its hosts may look at it while it is paused (R58) is no service.
//
// Assumes nothing.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class TargetsForEverNeverServe {
public:
    static constexpr CheckerText text{.name = "targets_for_ever_never_serve",
                                      .rule = "SAF-5, R1",
                                      .words = "a target for ever never comes in service",
                                      .without_memory = true};

    void on(View& view, NodeId node, nodes::note::CameInService const& came);
};

}  // namespace sunder::netsim
