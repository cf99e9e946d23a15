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

/// All cases of the files, or those of one name; empty name: all. Nothing when a file is wrong or
/// none is called so.
std::vector<language::Scenario> load_cases(std::vector<std::string> const& files,
                                           std::string const& only_case);

}  // namespace sunder::tools
