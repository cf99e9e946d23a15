// SPDX-License-Identifier: BSD-3-Clause
//
// Stories of takeovers that something has to come before, and the clusters in which they are
// played.
#pragma once

#include "tests/netsim/checkers/stage.h"

namespace sunder::netsim::test {

/// Two servers and a witness, each linked to each; a majority has quorum.
Cluster witnessed();
/// The same, but the third node only breaks ties, and nobody is asked whom it hears.
Cluster tied();
/// An administrator is asked before server2 takes over.
Cluster confirmed();
/// Silent nodes are shot.
Cluster fenced();
/// Server2's copy is a target for ever.
Cluster for_ever();
/// Guarded nodes and a third copy, which lags and has a higher priority than server2's.
Cluster lagging_favourite();

/// The target hears nobody any more, while its source goes on.
void target_cut_off(Stage& stage);
/// Source and target no longer hear each other; the third node hears both.
void parted_before_a_witness(Stage& stage);
/// The target loses everybody, and then finds the tie-breaker again.
void tie_breaker_found_again(Stage& stage);
/// The source dies, and nobody says so.
void dies_unconfirmed(Stage& stage);
/// The source dies while the target for ever is in sync, and returns after it would have been
/// succeeded.
void dies_before_a_target_for_ever(Stage& stage);
/// The source writes without the third copy, which does not hear of it, and loses its power.
void written_past_the_favourite(Stage& stage);
/// Source and target no longer hear each other, and shots at the source miss.
void shot_that_misses(Stage& stage);

}  // namespace sunder::netsim::test
