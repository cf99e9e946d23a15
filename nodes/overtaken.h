// SPDX-License-Identifier: BSD-3-Clause
//
// What the era that a node says of itself tells of whether it led a mirror last. Pure.
#pragma once

#include "replication/cell.h"

namespace sunder::nodes {

/// Another led since the peer did: this copy has been the target of one, in era `led`. An era of
/// somebody else, which the peer has merely stored, does not say that the peer led since: it hides
/// the one in which it did.
[[nodiscard]] inline bool is_overtaken(replication::Era said, NodeId peer, replication::Era led) {
    return said < led || (said.node != peer && led.node != peer);
}

}  // namespace sunder::nodes
