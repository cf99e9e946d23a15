// SPDX-License-Identifier: BSD-3-Clause
//
// A node's log: a line for each thing that happened, on standard error. The journal of systemd
// keeps the level, and the time of its own, and of what a node tells also what it is about, as
// fields of the entry; elsewhere each line begins with the time.
#pragma once

#include "nodes/live/journal.h"

#include <span>
#include <string>

namespace sunder::live {

enum class Level : int { error = 3, warning = 4, notice = 5 };

/// Any thread; lines are whole. The fields are for the journal only, beside MESSAGE and PRIORITY;
/// the words make sense without them.
void log(Level level, std::string const& words, std::span<JournalField const> fields = {});

/// The entry that comes of it there.
std::string entry_of(Level level, std::string const& words, std::span<JournalField const> fields);

}  // namespace sunder::live
