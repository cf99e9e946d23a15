// SPDX-License-Identifier: BSD-3-Clause
//
// Who gives up after a split brain, where a policy other than "nobody" was configured (C.3). Pure
// and total. Both machines ask with the hellos that opened their connection, which both have, so
// that both come to the same answer; the one that is to give up does so (conceding.cc). Older and
// younger are told by eras, never by clocks (G23).
#pragma once

#include "replication/handshake.h"
#include "replication/message.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sunder::replication {

enum class SplitBrainPolicy : std::uint8_t {
    disconnect,             ///< only an operator may choose (R32, R34); the default
    discard_zero_changes,   ///< who has written nothing, if that is one of the two
    discard_least_changes,  ///< who has fewer chunks in its intent log
    discard_younger,        ///< who came in service last
    discard_older,          ///< who was in service before
    discard_node,           ///< a node that the configuration names
};

/// `first` is the copy in the lower slot. Changes are counted in chunks of the intent logs, which
/// may name more than was written, never less.
struct SplitBrainFacts {
    enum class Changes : std::uint8_t {
        unknown,  ///< one of the two keeps no log
        neither,
        first_only,
        second_only,
        first_more,
        second_more,
        as_many
    };
    enum class Side : std::uint8_t { neither, first, second };

    SplitBrainPolicy policy = SplitBrainPolicy::disconnect;
    Changes changes = Changes::unknown;
    Side younger = Side::neither;  ///< holds the later era; neither: both hold the same
    Side named = Side::neither;
    friend bool operator==(SplitBrainFacts const&, SplitBrainFacts const&) = default;
};

enum class SplitBrainRule : std::uint8_t {
    operator_decides,
    unchanged_gives_up,
    both_were_changed,
    fewer_changes_give_up,
    younger_gives_up,
    older_gives_up,
    named_node_gives_up,
    named_node_has_no_copy,
    changes_are_unknown,
    second_gives_up_a_tie,
    last
};

struct SplitBrainDecision {
    SplitBrainFacts::Side loser = SplitBrainFacts::Side::neither;
    SplitBrainRule rule = SplitBrainRule::operator_decides;
    friend bool operator==(SplitBrainDecision, SplitBrainDecision) = default;
};

SplitBrainDecision decide_split_brain(SplitBrainFacts const&);

/// What the two opening hellos say. `first` came from, or was said by, the copy in the lower slot.
SplitBrainFacts split_brain_facts(SplitBrainPolicy, Hello const& first, Hello const& second);

/// What either of two copies would give up as the loser, in chunks, at most: its intent log names
/// all that it changed since they parted, and may name more. Nothing: nobody has counted from there
/// on, so that it may be every chunk.
struct SplitBrainLoss {
    std::optional<std::uint64_t> own;
    std::optional<std::uint64_t> peers;  ///< as it was when the peer greeted
    bool peer_goes_on = false;           ///< hosts may have changed more there since
    friend bool operator==(SplitBrainLoss const&, SplitBrainLoss const&) = default;
};

RuleText text_of(SplitBrainRule);
std::string_view name_of(SplitBrainPolicy);
std::string_view name_of(SplitBrainFacts::Changes);
std::string_view name_of(SplitBrainFacts::Side);

}  // namespace sunder::replication
