// SPDX-License-Identifier: BSD-3-Clause
//
// Stories of a source whose disk refuses something, for the hunts.
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

}  // namespace sunder::netsim::test
