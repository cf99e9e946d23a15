// SPDX-License-Identifier: BSD-3-Clause
//
// corruption_does_not_spread (SAF-15): what a source cannot read goes over no other copy. Copies
// have no checksums, but what a disk refuses to read is proved bad by its medium (FLT-9), and then
// any other copy is the better one. So a resync sends nothing in place of what its source's disk
// refused, until it has read it after all, or hosts have written there; and it does not come to its
// end with such a part left out, as if the target had it. A state checker: what a disk refused last
// is asked of the disk.
//
// Where nothing proves which copy is right, because a disk lied without a word (FLT-10), what is
// false spreads to the target of a resync. Nobody is to blame for that, and it is reported: each
// injury that gets to another copy is allowed by its name, "bit rot on server1 that spread to
// server2".
#pragma once

#include "netsim/checkers/view.h"

#include <vector>

namespace sunder::netsim {

class CorruptionDoesNotSpread {
public:
    static constexpr CheckerText text{"corruption_does_not_spread", "SAF-15",
                                      "what a source cannot read goes over no other copy", true};

    void on(View& view, seen::RecordSent const& sent);
    void on(View& view, seen::DiskWritten const& written);
    void on(View& view, From from, replication::note::ResyncStarted const& started);
    void on(View& view, From from, replication::note::ResyncFinished const& finished);

private:
    using Bitmap = replication::Bitmap;
    Bitmap& left(View const& view, GroupId group, Slot source, Slot target);

    std::vector<Bitmap> left_;  // chunks that a resync has not sent yet, by group, source, target
};

}  // namespace sunder::netsim
