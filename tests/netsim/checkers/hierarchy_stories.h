// SPDX-License-Identifier: BSD-3-Clause
//
// Stories of what stands on a mirror, and the cluster in which they are played.
#pragma once

#include "tests/netsim/checkers/stage.h"

namespace sunder::netsim::test {

/// A file system on the mirror, and a database that needs it and starts faster; failures are found
/// in a second.
Cluster with_a_database();

/// The same, a third node with a vote, and connections that hold longer than a node is waited for.
Cluster with_a_vote();

/// It moves to the other server and back.
void moved_to_and_fro(Stage& stage);
/// It begins to move, and its source loses everybody with a write under way.
void loses_quorum_on_its_way_out(Stage& stage);

}  // namespace sunder::netsim::test
