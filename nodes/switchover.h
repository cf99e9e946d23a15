// SPDX-License-Identifier: BSD-3-Clause
//
// The switchover decision (R41, R96): may an operator move the mirror to this node now? Pure and
// total.
#pragma once

#include "replication/handshake.h"
#include "replication/note.h"

#include <string_view>

namespace sunder::nodes {

struct SwitchoverFacts {
    enum class Serving : std::uint8_t { here, peer, nowhere };
    Serving serving = Serving::nowhere;
    bool peer_reachable = false;
    replication::LegState leg = replication::LegState::disconnected;
    bool in_sync = false;  ///< the copy that is to take over
    bool busy = false;     ///< one of the two is on its way into or out of service
    bool quorum = true;    ///< the node that is to take over has it
    bool never = false;    ///< its copy is a target for ever
    friend bool operator==(SwitchoverFacts const&, SwitchoverFacts const&) = default;
};

enum class SwitchoverRule : std::uint8_t {
    granted,
    already_in_service,
    in_transition,
    source_unreachable,
    nothing_in_service,
    resync_in_progress,
    mirror_is_paused,
    mirror_not_in_sync,
    leg_lost,
    resource_does_not_stop,
    no_quorum,
    never_in_service,
    last
};

SwitchoverRule decide_switchover(SwitchoverFacts const&);
/// The part of it that the source knows best: may it leave for a target on such a leg?
SwitchoverRule decide_leaving(replication::LegState leg);
replication::RuleText text_of(SwitchoverRule);

}  // namespace sunder::nodes
