// SPDX-License-Identifier: BSD-3-Clause
//
// What stands between "this copy may come in service" and doing it: quorum (R67), the word of other
// nodes that still hear the one believed dead, an administrator's confirmation (R63, R64), and
// fencing. And how long a promotion waits for those who are heard, but do not store its era. Pure
// and total.
#pragma once

#include "replication/handshake.h"

#include <cstdint>
#include <string_view>

namespace sunder::nodes {

struct GateFacts {
    /// Of whichever silent node is furthest from settled.
    enum class Confirmation : std::uint8_t { given, refused, awaited, not_asked };
    enum class Fencing : std::uint8_t { done, failed, under_way, not_begun };

    bool quorum = true;
    bool switched_back = false;  ///< taken out of service here for a copy that could not take over
    /// Nodes that cannot be heard may have it in service; what follows is about them.
    bool takes_over = false;
    bool heard_by_others = false;
    Confirmation confirmation = Confirmation::given;  ///< `given` where none is needed
    Fencing fencing = Fencing::done;                  ///< `done` where none is configured
    friend bool operator==(GateFacts const&, GateFacts const&) = default;
};

enum class GateRule : std::uint8_t {
    open,
    no_quorum,
    switchback_failed,
    witness_hears_peer,
    confirmation_needed,
    awaiting_confirmation,
    failover_blocked,
    fencing_needed,
    fencing_under_way,
    fencing_failed,
    last
};

GateRule decide_gate(GateFacts const&);
replication::RuleText text_of(GateRule);

/// Of a peer that was asked to store the era of a promotion, and has not answered.
struct EraFacts {
    bool overdue = false;  ///< for as long as a connection may stall
    bool forced = false;   ///< the promotion is an operator's
    bool guarded = false;
    bool fencing = false;  ///< is configured
    bool never = false;    ///< the peer's copy is a target for ever (R1)
    GateFacts::Fencing shot = GateFacts::Fencing::not_begun;  ///< at this peer
    friend bool operator==(EraFacts const&, EraFacts const&) = default;
};

enum class EraRule : std::uint8_t {
    awaits_era,
    goes_on,
    operator_goes_on,
    cannot_take_over,
    shot_first,
    shot_under_way,
    shot_missed,
    was_shot,
    last
};

EraRule decide_era_wait(EraFacts const&);
/// The promotion need not wait for this peer any more.
[[nodiscard]] bool goes_on(EraRule);
replication::RuleText text_of(EraRule);

/// Of an administrator's word on a node that is believed dead.
enum class ConfirmRule : std::uint8_t { granted, nothing_to_confirm, never_in_service, last };
replication::RuleText text_of(ConfirmRule);

}  // namespace sunder::nodes
