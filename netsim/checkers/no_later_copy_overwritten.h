// SPDX-License-Identifier: BSD-3-Clause
//
// no_later_copy_overwritten (SAF-4): no resync that nobody ordered overwrites a copy that may be
// the only good one. When a target gives itself up to a resync, its copy is blank, or holds the
// source's own generation or a proven ancestor of it: one in its history, or the one since which it
// counts bits towards this target; and it does not serve. A state checker over the cells of both,
// before the first block arrives.
//
// An operator's word would lift it: forcing a copy online does not, because it says nothing about
// the other copy (R32).
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class NoLaterCopyOverwritten {
public:
    static constexpr CheckerText text{"no_later_copy_overwritten", "SAF-4",
                                      "a resync overwrites nothing but a proven ancestor"};

    void on(View& view, From from, replication::note::LegChanged const& changed);
};

}  // namespace sunder::netsim
