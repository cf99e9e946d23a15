// SPDX-License-Identifier: BSD-3-Clause
//
// From paths on a command line to the cases in their files. What is wrong is printed here.
#pragma once

#include "scenarios/language/scenario.h"

#include <string>
#include <vector>

namespace sunder::tools {

/// The files themselves, and all scenarios below folders, each once and in a defined order. Empty
/// when a path is neither, or holds none.
std::vector<std::string> scenario_files(std::vector<std::string> const& paths);

/// All cases of the files that the paths name, or those of one name; empty name: all. Nothing when
/// a path or a file is wrong, when none is called so, or when one of the outputs would overwrite
/// one.
std::vector<language::Scenario> load_cases(std::vector<std::string> const& paths,
                                           std::string const& only_case,
                                           std::vector<std::string> const& outputs);

/// Complains and returns true when writing there would lose one of the scenarios.
bool would_overwrite(std::string const& output, std::vector<std::string> const& scenarios);

}  // namespace sunder::tools
