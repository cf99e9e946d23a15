// SPDX-License-Identifier: BSD-3-Clause
//
// What the nodes of a case that was played for real have recorded: their machines live it once
// more, with the same outputs (recordings are the proof that they are the simulator's), and tell
// which marks were reached.
#pragma once

#include "scenarios/language/play.h"

#include <filesystem>

namespace sunder::staged {

/// Reads what is in the folder, and adds to the outcome. Nodes must not run any more.
void look_at_recordings(language::Scenario const& scenario, std::filesystem::path const& folder,
                        language::Outcome& outcome);

}  // namespace sunder::staged
