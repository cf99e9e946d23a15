// SPDX-License-Identifier: BSD-3-Clause
//
// zeroes_on_every_copy (SAF-12): when a trim or a write-zeroes is acknowledged, its whole range
// reads as zeroes on the source and on every synchronous target that is in sync, unaligned head and
// tail included (G12). A state checker that looks at the disks at the moment of the
// acknowledgement.
//
// Ranges that another open request may have written meanwhile are left out, and so are targets that
// died meanwhile. What a resync makes of a trim is resync_convergence's business, and what an
// asynchronous target has got of it is asynchronous_prefix's: both compare with zeroes like with
// any other content.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class ZeroesOnEveryCopy {
public:
    static constexpr CheckerText text{"zeroes_on_every_copy", "SAF-12",
                                      "trimmed sectors read as zeroes on every copy in sync", true};

    void on(View& view, seen::HostAnswered const& answered);
};

}  // namespace sunder::netsim
