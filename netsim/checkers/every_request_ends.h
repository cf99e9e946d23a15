// SPDX-License-Identifier: BSD-3-Clause
//
// every_request_ends (LIV-2): when the run is over and nothing is pending any more, every request
// that a running node accepted has been answered, well or with an error: whatever it still waited
// for will never come. A history checker that looks at the end.
//
// A request of a node that died has ended with it. A paused node may yet answer. Under a guarded
// policy a source acknowledges nothing while a copy does not mirror and is not known to be
// outdated, because it is out of reach or split from it: such a request is "held back by a guarded
// policy" and allowed.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class EveryRequestEnds {
public:
    static constexpr CheckerText text{"every_request_ends", "LIV-2",
                                      "every accepted request is answered in the end", true};

    void finish(View& view);
};

}  // namespace sunder::netsim
