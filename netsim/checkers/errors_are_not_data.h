// SPDX-License-Identifier: BSD-3-Clause
//
// errors_are_not_data (SAF-14): what a disk refused is never answered as if it had been done. A
// read that is answered carries exactly the sectors that were asked for, and a write that is
// acknowledged is on the disk of the node that acknowledged it. A state checker for the second: it
// looks at the disk at the moment of the acknowledgement, before any later write can have covered
// the place.
//
// Whether what a read carries is right is no_lost_acknowledged_write's business. A node that serves
// without a disk of its own, from a target, would have to be asked otherwise; no policy does so
// yet.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class ErrorsAreNotData {
public:
    static constexpr CheckerText text{"errors_are_not_data", "SAF-14",
                                      "what a disk refused is not answered as done", true};

    void on(View& view, seen::HostAnswered const& answered);
};

}  // namespace sunder::netsim
