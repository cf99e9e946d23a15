// SPDX-License-Identifier: BSD-3-Clause
//
// Stories of what a disk is asked and refuses, for the hunts.
#pragma once

#include "tests/netsim/checkers/stage.h"

namespace sunder::netsim::test {

/// A target that lags, and a source that reads from it.
Cluster lender();
/// A host writes a block and reads it back, while its source cannot read.
void write_and_borrow(Stage& stage);

/// Room for an image of the whole copy.
Cluster with_fallback();
/// Scenario 2, and an operator who falls back on the image.
void fall_back(Stage& stage);

/// Both nodes die under writes, their disks are exchanged, and nobody notices until they start.
void started_with_exchanged_disks(Stage& stage);

/// A host writes and flushes.
void write_and_flush(Stage& stage);
/// A flush fails; then the disk is well again, and the host flushes once more.
void flush_fails_once(Stage& stage);
/// A host reads what its disk cannot read.
void reads_fail(Stage& stage);
/// The source's disk refuses a write; nobody asks again.
void write_fails(Stage& stage);
/// A block is written and trimmed.
void write_and_trim(Stage& stage);

}  // namespace sunder::netsim::test
