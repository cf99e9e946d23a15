// SPDX-License-Identifier: BSD-3-Clause
//
// Quorum (R67..R70): may this node have anything in service at all? Pure and total. Of two parts of
// a cluster that cannot hear each other at most one has quorum; what was in service in the other
// ends there, because its node acts on the loss.
#pragma once

#include "replication/handshake.h"

#include <cstdint>
#include <string_view>

namespace sunder::nodes {

enum class QuorumMode : std::uint8_t {
    none,
    majority,  ///< more than half of the voters are heard, this node among them
    storage,   ///< a shared disk is reached (R67)
};

/// R69. None of them writes anything back first.
enum class LossAction : std::uint8_t { reboot, halt, leave_service };

struct QuorumFacts {
    QuorumMode mode = QuorumMode::none;
    unsigned voters = 0;
    unsigned heard = 0;        ///< voters that are heard, and this node if it votes
    bool tie_breaker = false;  ///< one of them is heard
    bool held = false;         ///< it had quorum until now, in this boot
    bool storage = false;      ///< the shared disk is reached
    friend bool operator==(QuorumFacts const&, QuorumFacts const&) = default;
};

enum class QuorumRule : std::uint8_t {
    not_required,
    majority,
    tie_broken,
    minority,
    storage_reached,
    storage_lost,
    last
};

QuorumRule decide_quorum(QuorumFacts const&);
/// Whether a node that the rule was found for has quorum.
bool has_quorum(QuorumRule);
replication::RuleText text_of(QuorumRule);
std::string_view name_of(LossAction);

}  // namespace sunder::nodes
