// SPDX-License-Identifier: BSD-3-Clause
//
// What a node notes, in words for its log. What is of no interest to an operator has none.
#pragma once

#include "nodes/live/node_setup.h"
#include "nodes/seam.h"
#include "replication/note.h"

#include <string>

namespace sunder::live {

/// Empty: nothing that an operator needs to read.
std::string in_words(nodes::Note const& note, NodeSetup const& setup);
std::string in_words(replication::Note const& note, NodeSetup const& setup, std::size_t mirror);

}  // namespace sunder::live
