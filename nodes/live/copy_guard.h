// SPDX-License-Identifier: BSD-3-Clause
//
// What may not be asked of a node's array, as a mirror relies upon it: a volume that holds a copy
// is what the mirror's machine wrote there, and nothing else. It decides by the words alone; copies
// of such a volume, and faults, are the operator's business.
#pragma once

#include "emulator/catalogue.h"
#include "nodes/live/array_words.h"
#include "nodes/live/node_setup.h"

#include <optional>
#include <string>
#include <vector>

namespace sunder::live {

inline constexpr char const* copy_rule = "holds_a_mirrors_copy";

/// For people: why it is refused, and what would be right. Nothing: the array decides.
std::optional<std::string> refused_for_a_copy(ArrayRequest const& request, NodeSetup const& setup,
                                              emulator::Catalogue const& catalogue);

/// Mirrors of which the request takes the copy away, if they had one: those that the node's file
/// does not name any more may, and what is known of such a copy is true no longer.
std::vector<std::string> copies_taken_away(ArrayRequest const& request, NodeSetup const& setup,
                                           emulator::Catalogue const& catalogue);

}  // namespace sunder::live
