// SPDX-License-Identifier: BSD-3-Clause
//
// Stories of a resync, for the hunts, and the clusters in which it takes long enough.
#pragma once

#include "tests/netsim/checkers/stage.h"

namespace sunder::netsim::test {

/// Disks that take their time, and not always the same.
Cluster hesitant();
/// And a slow link, so that a resync takes several runs and hosts get in between.
Cluster sluggish();
/// The source's disk is so slow that a target confirms first: the next of overlapping writes is
/// under way the moment the one before it is done.
Cluster laggard();

/// A mirror that does not end with a chunk, on a target whose disk is larger.
Cluster roomy();

/// A target is away while a host works, comes back, and the host goes on.
void work_during_resync(Stage& stage);
/// A target was away while a whole range was written: runs are long and flushes are short.
void long_runs(Stage& stage);
/// The first resync of a mirror, and nothing else.
void first_resync(Stage& stage);
/// What the target missed is what it has: a host has zeroed a chunk twice. The source's disk cannot
/// read that, until it is mended; so only who looks at what was read sees whether it was copied.
void resync_of_bad_medium(Stage& stage);
/// A host overwrites one block, four writes deep, from before the first resync until its end.
void overwrites_in_resync(Stage& stage);
/// A resync breaks off in the middle, begins again, and then its source dies for good.
void broken_resync(Stage& stage);
/// The connection breaks twice in the first resync, when some of it has been confirmed for good.
void flaps_after_progress(Stage& stage);
/// The source dies while it resynchronises its target.
void source_dies_in_resync(Stage& stage);

}  // namespace sunder::netsim::test
