// SPDX-License-Identifier: BSD-3-Clause
//
// Traces a person can debug with: one event a line, a column per node.
#pragma once

#include "scenarios/language/scenario.h"

#include <cstdint>
#include <string>

namespace sunder::tools {

/// Plays the case once more with tracing on. False, with words on standard error, when the file
/// cannot be written.
bool write_trace(language::Scenario const& scenario, std::uint64_t seed, std::string const& path);

}  // namespace sunder::tools
