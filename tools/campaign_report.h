// SPDX-License-Identifier: BSD-3-Clause
//
// What a campaign leaves for people: how much was run, how what it reached grew, what nobody
// reached, and each finding as a scenario file with the command that shows it.
#pragma once

#include "scenarios/campaign/results.h"

#include <string>

namespace sunder::tools {

/// Prints it, and writes the findings into a folder, which is made when it is not there. False when
/// one cannot be written, which is said. `quiet`: without the cases in which nothing was found.
bool tell_campaign(campaign::Results const& results, std::string const& folder, bool quiet = false);

/// DESIGN 7: what the results come to.
int status_of(campaign::Results const& results);

}  // namespace sunder::tools
