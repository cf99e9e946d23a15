// SPDX-License-Identifier: BSD-3-Clause
//
// The in-service decision (R23..R41): may this node bring the mirror in service now? Pure, total
// over its facts, typed from the manual. The two crucial rules: never promote a copy that was not
// in sync while being watched, and never let a freshly booted lone node decide (R30).
#pragma once

#include "replication/handshake.h"

#include <string_view>

namespace sunder::nodes {

struct InServiceFacts {
    /// What this boot has seen of the peer. "Watched it die" is volatile and does not survive a
    /// reboot.
    enum class Contact : std::uint8_t { no_peer, looking, reachable, watched_die, booted_alone };
    /// What a reachable peer says of itself; anything else counts as unknown.
    enum class Peer : std::uint8_t { unknown, not_owner, last_owner, in_service };
    /// Whose data is later. Among equal generations of two last owners the later era decides. A
    /// copy that the other was forced past (R129) counts as diverged.
    enum class Later : std::uint8_t { neither, self, peer, diverged };
    /// The own copy. `in_sync`: it mirrored in this boot and was not told otherwise since.
    /// `paused`: an operator keeps it apart from its source. `blank`: it holds nothing of the
    /// mirror, as before its first resync.
    enum class Copy : std::uint8_t { in_sync, not_watched, paused, outdated, inconsistent, blank };

    bool forced = false;     ///< an operator said `force online` (R87)
    bool taken_out = false;  ///< an operator took the mirror out of service (R62)
    bool last_owner = false;
    bool data_corrupt = false;
    Contact contact = Contact::looking;
    Peer peer = Peer::unknown;
    Later later = Later::neither;
    Copy copy = Copy::not_watched;
    bool guarded = false;
    bool fenced = false;  ///< quorum or fencing holds, so the peer cannot be acknowledging writes
    bool outranked = false;  ///< another copy that can be reached is in sync and goes first (R53)
    /// Somebody who can be reached has accepted the era of a node that cannot, and that may have
    /// been promoted.
    bool elsewhere = false;
    bool continues =
        false;           ///< another server ran this very copy until it was watched dying (R113)
    bool never = false;  ///< the own copy is a target for ever (R1)
    friend bool operator==(InServiceFacts const&, InServiceFacts const&) = default;
};

enum class Answer : std::uint8_t {
    stay_out,
    come_in,
    set_data_corrupt,  ///< stay out, and remember why (R24)
    clear_last_owner,  ///< stay out: another node took over (R23)
    split_brain,       ///< stay out, and tell an operator (R32)
};

enum class InServiceRule : std::uint8_t {
    force_refused_peer_serves,
    force_online,
    taken_out,
    sole_copy,
    looking_for_peer,
    awaiting_peer,
    split_brain,
    peer_took_over,
    peer_is_source,
    peer_is_last_owner,
    later_owner,
    peer_is_later,
    peer_returned,
    last_owner_returns,
    no_last_owner,
    promoted_elsewhere,
    shared_copy_continues,
    owner_lost_peer,
    target_is_paused,
    target_not_in_sync,
    not_watched_in_sync,
    needs_fencing,
    another_goes_first,
    failover,
    owner_booted_alone,
    booted_alone,
    never_in_service,
    only_copy_is_blank,
    last
};

struct InServiceDecision {
    Answer answer = Answer::stay_out;
    InServiceRule rule = InServiceRule::looking_for_peer;
    friend bool operator==(InServiceDecision, InServiceDecision) = default;
};

InServiceDecision decide_in_service(InServiceFacts const&);

replication::RuleText text_of(InServiceRule);
std::string_view name_of(Answer);
std::string_view name_of(InServiceFacts::Contact);
std::string_view name_of(InServiceFacts::Peer);
std::string_view name_of(InServiceFacts::Later);
std::string_view name_of(InServiceFacts::Copy);

}  // namespace sunder::nodes
