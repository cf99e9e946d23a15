// SPDX-License-Identifier: BSD-3-Clause
//
// Programs of an operator's that a node has run.
#pragma once

#include <string>
#include <vector>

namespace sunder::live {

/// Runs it with one more word, and waits. True when it exits with 0. Requires at least one word.
bool run_program(std::vector<std::string> const& words, std::string const& last);

}  // namespace sunder::live
