// SPDX-License-Identifier: BSD-3-Clause
//
// flushed_writes_survive (arrays A11, DESIGN 3): when an array has its power again, each sector of
// each volume and copy holds what was written there last, or something else that was written since
// it was durable, or was under way; where nothing was, what it held. A state checker.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class FlushedWritesSurvive {
public:
    static constexpr CheckerText text{"flushed_writes_survive", "arrays A11",
                                      "what an array made durable survives power cuts", true, true};

    void on(View& view, seen::ArrayNoted const& noted);
};

}  // namespace sunder::netsim
