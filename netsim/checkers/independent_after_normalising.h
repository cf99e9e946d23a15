// SPDX-License-Identifier: BSD-3-Clause
//
// independent_after_normalising (arrays A3, A6, A8): from the moment at which an array reports a
// copy independent, it needs nobody. Whenever it says so, the checker sees what would be if any
// other disk group failed, or any other volume that may be deleted were deleted and its space given
// back: the copy still shows all it should. A state checker.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class IndependentAfterNormalising {
public:
    static constexpr CheckerText text{"independent_after_normalising", "arrays A6",
                                      "what an array calls independent needs nobody", true, true};

    void on(View& view, seen::ArrayNoted const& noted);
};

}  // namespace sunder::netsim
