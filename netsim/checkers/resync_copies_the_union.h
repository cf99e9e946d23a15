// SPDX-License-Identifier: BSD-3-Clause
//
// resync_copies_the_union (SAF-11, R22, R25): a partial resync copies the chunks that either side's
// intent log names, all of them and no others. A state checker. What the two logs named is noted as
// each side's leg connects, before they can have told each other; host writes that either side
// takes after that are added. When the resync starts, the chunks that the source is about to copy
// must be exactly those, and when it completes, each of them must have been written on the target,
// whole, and nothing else but host writes. A target of a third copy is looked at again as it ceases
// to be one: it has named what that one sent (R36).
//
// It looks at partial resyncs only: a full one copies everything by definition. Without
// `bitmap_merge` the resync after a failover is full, so there is no union to copy (R22).
#pragma once

#include "netsim/checkers/view.h"

#include <vector>

namespace sunder::netsim {

class ResyncCopiesTheUnion {
public:
    static constexpr CheckerText text{
        "resync_copies_the_union", "SAF-11, R22, R25",
        "a partial resync copies what either intent log names, no more"};

    void on(View& view, seen::HostAsked const& asked);
    void on(View& view, seen::HostAnswered const& answered);
    void on(View& view, seen::DiskWritten const& written);
    void on(View& view, seen::NodeDied const& died);
    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View& view, From from, replication::note::IntentLogEdited const& edited);
    void on(View& view, From from, replication::note::ResyncDecided const& decided);
    void on(View& view, From from, replication::note::ResyncStarted const& started);
    void on(View& view, From from, replication::note::CopyCompleted const& completed);

private:
    using Bitmap = replication::Bitmap;
    /// What one copy knows of its leg to another since that connected.
    struct Side {
        bool connected = false;
        Duration since;
        bool partial = false;
        bool running = false;  ///< it copies to the other
        Bitmap named;          ///< by its log as it connected, or as an operator left it since
        Bitmap formerly;       ///< named until an operator cleared the log
        Bitmap asked;          ///< by hosts since
        Bitmap acknowledged;
        Bitmap wanted;   ///< chunks to copy, from the start on
        Bitmap covered;  ///< of those, written on the target
    };
    Side& side(View const& view, GroupId group, Slot of, Slot towards);
    void note_again(View& view, From from);
    void wrong(View& view, From from, Slot peer, std::string const& what);

    std::vector<Side> sides_;  // by group, slot, slot
    std::size_t active_ = 0;   // sides that are connected but not in sync
};

}  // namespace sunder::netsim
