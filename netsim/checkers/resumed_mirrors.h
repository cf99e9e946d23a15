// SPDX-License-Identifier: BSD-3-Clause
//
// resumed_mirrors (LIV-6): a copy that an operator kept apart, and that nobody keeps apart any
// more, is a target again by the time at which nothing more happens by itself: the source that
// hears it has begun with it, one target as well as another. That each of several then comes to its
// end is resync_completes. A state checker that looks at the end.
//
// Assumes disks that neither refuse nor hang, and nodes that could store what they had to and have
// memory.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class ResumedMirrors {
public:
    static constexpr CheckerText text{"resumed_mirrors", "LIV-6, R57",
                                      "a target that is paused no more is brought up to date"};

    void finish(View& view);
};

}  // namespace sunder::netsim
