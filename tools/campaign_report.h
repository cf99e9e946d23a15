// SPDX-License-Identifier: BSD-3-Clause
//
// What a campaign leaves for people: how much was run, how what it reached grew, what nobody
// reached, and each finding as a scenario file with the command that shows it.
#pragma once

#include "scenarios/campaign/results.h"
#include "tools/campaign_findings.h"

#include <string>
#include <vector>

namespace sunder::tools {

/// Prints it, and writes the findings into a folder, which is made when it is not there. False when
/// one cannot be written, which is said. `quiet`: without the cases in which nothing was found.
bool tell_campaign(campaign::Results const& results, FindingsFolder& folder, bool quiet = false);

/// By which something can be decided in a run: of mirrors and of handshakes, each once.
std::vector<std::string> reachable_rules();

/// DESIGN 7: what the results come to.
int status_of(campaign::Results const& results);

}  // namespace sunder::tools
