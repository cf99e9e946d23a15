// SPDX-License-Identifier: BSD-3-Clause
//
// What a node notes, in words for its log. What is of no interest to an operator has none.
#pragma once

#include "nodes/live/node_setup.h"
#include "nodes/seam.h"
#include "replication/handshake.h"
#include "replication/mirror_machine.h"
#include "replication/note.h"

#include <string>

namespace sunder::live {

/// Empty: nothing that an operator needs to read.
std::string in_words(nodes::Note const& note, NodeSetup const& setup);
std::string in_words(replication::Note const& note, NodeSetup const& setup, std::size_t mirror);
std::string in_words(replication::Held const& held, Duration lasted, NodeSetup const& setup,
                     std::size_t mirror);

/// Why a source holds requests of hosts.
inline constexpr replication::RuleText held_rule{
    "peer_may_take_over", "SAF-6, G20",
    "a guarded source answers nothing that another copy lacks before that one has stored that it "
    "is outdated, or its node was shot"};

}  // namespace sunder::live
