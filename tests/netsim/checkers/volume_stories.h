// SPDX-License-Identifier: BSD-3-Clause
//
// Stories of a mirror with a log and a data volume, for the hunts.
#pragma once

#include "tests/netsim/checkers/stage.h"

namespace sunder::netsim::test {

/// Asynchronous, with a log of 256 KiB and 768 KiB of data; nobody clears bits for a while.
Cluster log_and_data();
/// A database writes its data when its log is written, over and over, until its source dies.
void log_then_data(Stage& stage);

}  // namespace sunder::netsim::test
