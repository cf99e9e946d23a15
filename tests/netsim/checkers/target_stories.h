// SPDX-License-Identifier: BSD-3-Clause
//
// Stories of one source and two targets, and the clusters in which they are played.
#pragma once

#include "tests/netsim/checkers/stage.h"

namespace sunder::netsim::test {

/// Three servers, each linked to each.
Cluster three();
/// The same; a silent node is taken for dead long after its connections are lost.
Cluster three_patient();
/// The same as the first; a word takes longer than a read.
Cluster three_distant();

/// One target is far ahead of the other when the source dies.
void targets_apart(Stage& stage);
/// A target that an operator takes out of the mirror, and in again.
void leaves_and_joins(Stage& stage);
/// The target of the higher priority is left behind, and then the source dies.
void favourite_left_behind(Stage& stage);
/// A target is brought up to date while the third copy is away, and then the source dies.
void resynchronised_behind_a_third(Stage& stage);
/// A target is forced online past a source that it does not hear; their third copy still follows
/// that one, and hosts go on there.
void outbid_behind_its_back(Stage& stage);
/// The only copy's disk is replaced by a blank one.
void only_disk_replaced(Stage& stage);
/// The source dies while the disk of a target hangs, which is heard all the same.
void dies_beside_a_hung_disk(Stage& stage);
/// The same; and who took over is lost, too, before that disk has stored its era, and before it is
/// greeted.
void dies_before_its_era_is_stored(Stage& stage);
/// Bits are cleared while one target still lags, and then the source dies.
void settled_too_soon(Stage& stage);

}  // namespace sunder::netsim::test
