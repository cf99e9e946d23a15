// SPDX-License-Identifier: BSD-3-Clause
//
// A node's log: a line for each thing that happened, on standard error. The journal of systemd
// keeps the level, and the time of its own; elsewhere each line begins with the time.
#pragma once

#include <string>

namespace sunder::live {

enum class Level : int { error = 3, warning = 4, notice = 5 };

/// Any thread; lines are whole.
void log(Level level, std::string const& words);

}  // namespace sunder::live
