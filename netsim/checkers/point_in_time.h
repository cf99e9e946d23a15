// SPDX-License-Identifier: BSD-3-Clause
//
// point_in_time (arrays A3, A8, A9, A12): a copy shows exactly what its source held at the copy's
// moment, and what its own hosts wrote since; any other volume what its hosts wrote. It looks at
// what hosts read; at every volume when a command was carried out, when the array reports something
// else of one, and at the end. A state checker.
//
// What a write that is under way may have done is allowed where it writes, and so is what is lost
// with the disk group that a copy still needs. What a power cut takes back is
// flushed_writes_survive's.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class PointInTime {
public:
    static constexpr CheckerText text{"point_in_time", "arrays A3",
                                      "a copy in an array is its source at one moment", true, true};

    void on(View& view, seen::ArrayNoted const& noted);
    void finish(View& view);

private:
    static void look(View& view, ArrayId array, std::string const& when);
};

}  // namespace sunder::netsim
