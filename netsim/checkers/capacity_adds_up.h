// SPDX-License-Identifier: BSD-3-Clause
//
// capacity_adds_up (arrays A2, A5, A10): of each disk group never more is in use than there is;
// what is in use is what its volumes reserve, and beyond that only what copies and thin volumes
// grew by or what deleted ones have not given back yet; every place that holds data is paid for;
// and a host is told that there is no room only where something had to grow: a fully allocated copy
// cannot run out. A state checker.
//
// A volume that was written beside its copies lies in more places than it needs, and still does
// when they are gone: that is allowed and counted.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class CapacityAddsUp {
public:
    static constexpr CheckerText text{"capacity_adds_up", "arrays A2",
                                      "an array gives away what it has, and no more", true, true};

    void on(View& view, seen::ArrayNoted const& noted);
    void finish(View& view);

private:
    static void add_up(View& view, ArrayId array);
    static void judge(View& view, ArrayId array, array_note::Answered const& answered);
};

}  // namespace sunder::netsim
