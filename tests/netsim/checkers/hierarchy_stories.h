// SPDX-License-Identifier: BSD-3-Clause
//
// Stories of what stands on a mirror, and the cluster in which they are played.
#pragma once

#include "tests/netsim/checkers/stage.h"

namespace sunder::netsim::test {

/// A file system on the mirror, and a database that needs it and starts faster; failures are found
/// in a second.
Cluster with_a_database();

/// It moves to the other server and back.
void moved_to_and_fro(Stage& stage);

}  // namespace sunder::netsim::test
