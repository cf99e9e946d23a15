// SPDX-License-Identifier: BSD-3-Clause
//
// The resync decision: what two copies that meet have to do, seen from the side that is in service.
// Pure, total over its facts, and each answer names its rule. Split brain is made or prevented here
// and in nodes/in_service.h, nowhere else.
#pragma once

#include "replication/kinship.h"

#include <array>
#include <string_view>

namespace sunder::replication {

/// What the decision is made from. `source` is the copy in service that looks, `target` the other.
struct HandshakeFacts {
    enum class InService : std::uint8_t { neither, source, both };
    /// The target as seen from the source.
    enum class Target : std::uint8_t {
        blank,
        same,
        earlier_tracked,
        earlier,
        later,
        diverged,
        unrelated
    };

    InService in_service = InService::source;
    Target target = Target::same;
    /// One of the two was forced past the other, which was last owner (R129).
    bool forced_past_owner = false;
    bool target_inconsistent = false;
    /// Hosts wrote to it since it was last made a target: it served, or was kept apart (R59).
    bool target_was_written = false;
    bool paused = false;         ///< an operator keeps the target apart (R57)
    bool target_rests = false;   ///< its disk refused what it was sent; it greets again later
    bool bits = false;           ///< either side's intent log names chunks for this pair
    bool intent_log = true;      ///< both sides keep one (R18)
    bool bitmap_merge = true;    ///< both sides can merge the other's (R22)
    bool pristine = false;       ///< nobody has ever written to either (R44)
    bool continues = false;      ///< the target is in the middle of this source's resync (R39)
    bool finish_missed = false;  ///< the target finished, the source never heard (G18)
    friend bool operator==(HandshakeFacts const&, HandshakeFacts const&) = default;
};

enum class Verdict : std::uint8_t {
    wait,         ///< nobody may copy anything yet
    paused,       ///< the target is kept apart until the mirror resumes
    in_sync,      ///< mirror at once
    partial,      ///< copy the union of all bits for the pair, source to target
    full,         ///< copy everything, source to target
    split_brain,  ///< stop, and tell an operator (R32)
    unrelated,    ///< not copies of one another; refuse
};

enum class ResyncRule : std::uint8_t {
    no_source_yet,
    one_of_two_sources_is_idle,
    strangers,
    both_were_written,
    target_is_later,
    forced_past_last_owner,
    leg_is_paused,
    target_rests,
    target_is_blank,
    nothing_was_written,
    no_intent_log,
    continue_interrupted,
    finish_was_missed,
    target_is_torn,
    cannot_merge,
    bits_remain,
    same_generation,
    union_of_both_logs,
    target_was_away,
    base_is_forgotten,
    last
};

struct HandshakeDecision {
    Verdict verdict = Verdict::wait;
    ResyncRule rule = ResyncRule::no_source_yet;
    friend bool operator==(HandshakeDecision, HandshakeDecision) = default;
};

/// Decides for one pair. Evaluated top down; the first rule that applies answers.
HandshakeDecision decide_resync(HandshakeFacts const&);

/// A rule as people read it: its name, the facts it stands on, and what it says.
struct RuleText {
    std::string_view name;
    std::string_view cites;
    std::string_view words;
};
RuleText text_of(ResyncRule);
std::string_view name_of(Verdict);

}  // namespace sunder::replication
