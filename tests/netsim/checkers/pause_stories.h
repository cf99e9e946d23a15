// SPDX-License-Identifier: BSD-3-Clause
//
// Stories of a target that is kept apart from its source, for the hunts.
#pragma once

#include "tests/netsim/checkers/stage.h"

namespace sunder::netsim::test {

/// Hosts write on both sides of a pause, and the mirror resumes.
void both_sides_of_a_pause(Stage& stage);
/// A mirror is paused, and resumes.
void paused_and_resumed(Stage& stage);
/// The source dies while the mirror is paused.
void source_dies_in_a_pause(Stage& stage);
/// The paused target is written up to the moment in which the source takes it up again.
void written_until_the_resume(Stage& stage);

}  // namespace sunder::netsim::test
