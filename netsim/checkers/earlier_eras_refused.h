// SPDX-License-Identifier: BSD-3-Clause
//
// earlier_eras_refused (SAF-7): a target that has accepted an era takes no record of an earlier
// one. A history checker but for one look: when such a record arrives on a connection that both
// ends hold, the target has given the leg up by the end of that step. What arrived before the era
// was accepted is the target's own by then, and is applied (G8); a checker of contents judges that.
//
// Assumes nothing: that a record is late is told by the record and by what the target remembers.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class EarlierErasRefused {
public:
    static constexpr CheckerText text{"earlier_eras_refused", "SAF-7",
                                      "a target takes no record of an era before the one it knows",
                                      true};

    void on(View& view, seen::RecordArrived const& arrived);
};

}  // namespace sunder::netsim
