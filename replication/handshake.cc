// SPDX-License-Identifier: BSD-3-Clause
//
// The rules of the handshake, in the order in which they are asked.
#include "replication/handshake.h"

#include "base/mutant.h"
#include "base/verify.h"

namespace sunder::replication {

namespace {

using Facts = HandshakeFacts;

/// The target holds the source's own generation.
HandshakeDecision decide_same(Facts const& facts) {
    if (facts.target_was_written && !facts.bitmap_merge) {
        return {Verdict::full, ResyncRule::cannot_merge};
    }
    if (facts.finish_missed) return {Verdict::partial, ResyncRule::finish_was_missed};
    if (facts.target_inconsistent) return {Verdict::partial, ResyncRule::target_is_torn};
    if (facts.bits && !mutant(Mutant::equal_label_believed))
        return {Verdict::partial, ResyncRule::bits_remain};
    return {Verdict::in_sync, ResyncRule::same_generation};
}

/// The target holds the generation since which the source has counted bits.
HandshakeDecision decide_tracked(Facts const& facts) {
    if (mutant(Mutant::absence_excused)) return {Verdict::in_sync, ResyncRule::same_generation};
    if (!facts.target_was_written) return {Verdict::partial, ResyncRule::target_was_away};
    if (!facts.bitmap_merge) return {Verdict::full, ResyncRule::cannot_merge};
    return {Verdict::partial, ResyncRule::union_of_both_logs};
}

/// Rules that forbid any copying, asked first: nothing below may overwrite later data (SAF-4).
bool stopped(Facts const& facts, HandshakeDecision& decision) {
    if (facts.target == Facts::Target::unrelated) {
        decision = {Verdict::unrelated, ResyncRule::strangers};
    } else if (facts.target == Facts::Target::diverged) {
        decision = {Verdict::split_brain, ResyncRule::both_were_written};
    } else if (facts.in_service == Facts::InService::neither) {
        decision = {Verdict::wait, ResyncRule::no_source_yet};
    } else if (facts.forced_past_owner && !mutant(Mutant::wrong_owner_accepted)) {
        decision = {Verdict::split_brain, ResyncRule::forced_past_last_owner};
    } else if (facts.in_service == Facts::InService::both) {
        decision = {Verdict::wait, ResyncRule::one_of_two_sources_is_idle};
    } else if (facts.target == Facts::Target::later) {
        Verdict const verdict =
            mutant(Mutant::later_copy_overwritten) ? Verdict::full : Verdict::split_brain;
        decision = {verdict, ResyncRule::target_is_later};
    } else if (facts.paused) {
        decision = {Verdict::paused, ResyncRule::leg_is_paused};
    } else if (facts.target_rests) {
        decision = {Verdict::wait, ResyncRule::target_rests};
    } else {
        return false;
    }
    return true;
}

}  // namespace

HandshakeDecision decide_resync(HandshakeFacts const& facts) {
    HandshakeDecision decision;
    if (stopped(facts, decision)) return decision;
    // A first resync that was interrupted continues like any other (LIV-8).
    bool const continues = facts.continues && facts.intent_log;
    if (facts.target == Facts::Target::blank && !continues) {
        return {Verdict::full, ResyncRule::target_is_blank};
    }
    if (!facts.intent_log) {
        bool const nothing =
            facts.pristine && facts.target == Facts::Target::same && !facts.target_inconsistent;
        if (nothing) return {Verdict::in_sync, ResyncRule::nothing_was_written};
        return {Verdict::full, ResyncRule::no_intent_log};
    }
    if (facts.continues) {
        // G18: an interrupted resync that counts as done.
        if (mutant(Mutant::interrupted_is_done))
            return {Verdict::in_sync, ResyncRule::same_generation};
        bool const anew = mutant(Mutant::interrupted_begins_anew);
        return {anew ? Verdict::full : Verdict::partial, ResyncRule::continue_interrupted};
    }
    switch (facts.target) {
        case Facts::Target::same:
            return decide_same(facts);
        case Facts::Target::earlier_tracked:
            return decide_tracked(facts);
        case Facts::Target::earlier:
            return {Verdict::full, ResyncRule::base_is_forgotten};
        case Facts::Target::blank:
        case Facts::Target::later:
        case Facts::Target::diverged:
        case Facts::Target::unrelated:
            break;
    }
    VERIFY(!"every target was decided above");
    return decision;
}

RuleText text_of(ResyncRule rule) {
    switch (rule) {
        case ResyncRule::no_source_yet:
            return {"no_source_yet", "R29",
                    "neither copy is in service, so nobody knows a direction"};
        case ResyncRule::one_of_two_sources_is_idle:
            return {"one_of_two_sources_is_idle", "C.1",
                    "both are in service and one of them has not been written since; it has to "
                    "step down"};
        case ResyncRule::strangers:
            return {"strangers", "C.2", "the two copies have no generation in common"};
        case ResyncRule::both_were_written:
            return {"both_were_written", "R31, R32",
                    "both copies were written after they parted: split brain"};
        case ResyncRule::target_is_later:
            return {"target_is_later", "SAF-4",
                    "the copy out of service holds later writes than the one in service"};
        case ResyncRule::forced_past_last_owner:
            return {"forced_past_last_owner", "R87, R129",
                    "an operator forced one copy online past the node that was the last source"};
        case ResyncRule::leg_is_paused:
            return {"leg_is_paused", "R57", "an operator paused the mirror towards this target"};
        case ResyncRule::target_rests:
            return {"target_rests", "FLT-9",
                    "the target's disk refused what it was sent, more than once; it rests before "
                    "it tries again"};
        case ResyncRule::target_is_blank:
            return {"target_is_blank", "R43", "the target was never written: everything is copied"};
        case ResyncRule::nothing_was_written:
            return {"nothing_was_written", "R44, R90",
                    "nobody has written to the mirror since it was made"};
        case ResyncRule::no_intent_log:
            return {"no_intent_log", "R18",
                    "without an intent log every interruption ends in a full resync"};
        case ResyncRule::continue_interrupted:
            return {"continue_interrupted", "R39",
                    "the target is in the middle of this very resync: it continues"};
        case ResyncRule::finish_was_missed:
            return {"finish_was_missed", "G18",
                    "the target had finished; the remaining bits are copied, never trusted away"};
        case ResyncRule::target_is_torn:
            return {"target_is_torn", "SAF-5",
                    "the target went down with unflushed writes: the bits name them"};
        case ResyncRule::cannot_merge:
            return {"cannot_merge", "R22, R59",
                    "the target was written, and its intent log cannot be merged: everything is "
                    "copied"};
        case ResyncRule::bits_remain:
            return {"bits_remain", "SAF-18",
                    "one generation, yet bits remain: their chunks are copied"};
        case ResyncRule::same_generation:
            return {"same_generation", "C.2", "one generation and no bits: the copies are in sync"};
        case ResyncRule::union_of_both_logs:
            return {"union_of_both_logs", "R22, R25, R59",
                    "the union of both sides' intent logs is copied"};
        case ResyncRule::target_was_away:
            return {"target_was_away", "R15",
                    "the target missed writes that the source's intent log names"};
        case ResyncRule::base_is_forgotten:
            return {"base_is_forgotten", "C.2",
                    "the target is older than what the bits are counted from"};
        case ResyncRule::last:
            break;
    }
    return {"", "", ""};
}

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::wait:
            return "wait";
        case Verdict::paused:
            return "paused";
        case Verdict::in_sync:
            return "in_sync";
        case Verdict::partial:
            return "partial";
        case Verdict::full:
            return "full";
        case Verdict::split_brain:
            return "split_brain";
        case Verdict::unrelated:
            return "unrelated";
    }
    return "";
}

}  // namespace sunder::replication
