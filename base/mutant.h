// SPDX-License-Identifier: BSD-3-Clause
//
// Mutants: small wrong changes at the places where replication engines go wrong (G1..G25), compiled
// in for the checkers' own tests only. In every other build `mutant()` is the constant false. Used
// in .cc files only, so that both builds agree on every header.
//
// Which trap each falls into, and why some traps have none, is in tests/netsim/checkers/traps.cc.
#pragma once

#include <array>
#include <string_view>

namespace sunder {

enum class Mutant {
    none,
    acknowledge_before_leg,        ///< G20: a synchronous write is acknowledged without the target
    acknowledge_without_outdated,  ///< G20: "p is outdated" is not stable before the
                                   ///< acknowledgement
    bit_cleared_on_receipt,        ///< G2: bits cleared by an acknowledgement that is not stable
    bit_set_late,                  ///< G3: data may reach a disk before its bit is stable
    bits_never_cleared,            ///< stale bits: nothing is lost, but nothing is ever clean
    resync_without_lock,    ///< G1: a write slips between a resync read and its place in line
    finish_overtakes,       ///< G5: the target calls itself up to date before it has applied all
    finish_with_bits_left,  ///< G4: one pass is enough, says the cursor
    union_forgotten,        ///< G17: failback with one side's bits only
    everything_is_copied,   ///< a partial resync that copies all chunks
    interrupted_is_done,    ///< G18: a broken resync counts as finished
    queue_dropped_at_promotion,  ///< G8: received records are forgotten when coming in service
    apply_out_of_order,          ///< md's write-behind race: barriers and overlaps are ignored
    pulled_ahead_unsaid,         ///< SAF-2: a busy leg is spared a write, and its target not told
    applying_not_stored,         ///< a power cut of a target that nobody remembers
    promote_while_resyncing,     ///< G24: the target of a resync takes over
    booted_alone_promotes,       ///< G15: a lone boot is taken for a survival
    wrong_owner_accepted,        ///< R32 forgotten: a forced history silently overwrites another
    force_unaudited,             ///< R87: an override that leaves no record
    resync_never_finishes,       ///< d8c4f8de8: stalls just short of the end
    death_unnoticed,             ///< a survivor that waits for ever
    corrupt_flag_sticks,         ///< R30: data_corrupt is not cleared when the peer returns
    read_overtakes_write,        ///< G9: a read sees a write that a failover takes back
    flush_acknowledged_alone,    ///< G10: a flush is answered without the target's
    failed_flush_forgotten,      ///< G11: after a failed flush the next one is believed
    read_error_answered,         ///< SAF-14: a read that failed is answered with nothing
    failed_write_acknowledged,   ///< SAF-14: a write that only the target has is acknowledged
    trim_not_applied,            ///< G12: a target takes a trim for no data at all
    trim_leaves_no_bit,          ///< G12: a trim is not worth an intent bit
    unextended_copy_kept,        ///< R5, R94: a copy that left the mirror is taken for what it was
    later_copy_overwritten,      ///< SAF-4: the direction of a resync is decided by who serves
    equal_label_believed,   ///< G14: equal generations are taken for equal data, whatever the bits
                            ///< say
    generation_not_minted,  ///< G14: what is written without the target keeps the old label
    damaged_page_trusted,   ///< G13: a damaged page of the intent log is read as it is
    stale_page_trusted,     ///< G13: a page of another generation is taken for this one's
    dead_leg_awaited,       ///< a request waits for a confirmation of a leg that is gone
    overlaps_in_flight,     ///< G6: overlapping writes are under way at once
    boundary_ignored,       ///< G21: a request that crosses chunks names the first one only
    written_apart_unnamed,  ///< R59: what a paused target's hosts write leaves no intent bit
    pause_forgotten,        ///< R61: a paused target still takes itself for a copy in sync
    resume_on_old_word,     ///< R59: a resync stands on what the target was before it was written
    busy_chunk_never_reserved,  ///< G19, R45: a host that never pauses keeps it from its run
    lent_too_early,     ///< G9: a target lends a block before it has applied what was sent before
    heirs_untold,       ///< G20: targets do not learn which third copy is outdated
    targets_unnamed,    ///< R36: a target names nothing towards the others
    vouched_too_early,  ///< R36: a source vouches for a copy that it has not heard of yet
    restored_unnamed,   ///< DESIGN 4: no bit names what a restored image has taken back
    quorum_ignored,     ///< R67: a node without quorum brings mirrors in service
    quorum_forgotten,   ///< C.8: a tie-breaker gives quorum to who had lost it
    witness_ignored,    ///< R67: nobody is asked whether others hear the one believed dead
    confirmation_skipped,      ///< R63: nobody is asked whether the other node is dead
    failed_fencing_believed,   ///< a shot that missed counts as a death
    lagging_copy_goes_first,   ///< SAF-1: by its priority, before a copy that writes waited for
    hierarchy_starts_at_once,  ///< R99: nothing waits for what it needs
    mirror_leaves_first,       ///< R99: a mirror leaves service under what stands on it
    resync_unnamed,            ///< R36, 499533fe3: others are not named what a resync brings
    cursor_never_returns,      ///< G4, d8c4f8de8: what the cursor passed busy stays behind
    absence_excused,        ///< SAF-18, #145: a copy that was away is declared in sync all the same
    barrier_passes_held,    ///< SAF-2, 15f2580ae: a barrier is confirmed before writes that wait
    absence_stored_once,    ///< G20, 3d0668819: the store of one absence counts for the next, too
    quorum_loss_overtaken,  ///< R35: who was about to hand over keeps what quorum took from it
    interrupted_begins_anew,  ///< LIV-8: what an interrupted resync had done is done again
    concession_untold,        ///< LIV-7: the loser of a split brain does not greet again
    earlier_era_heard,        ///< SAF-7: a record of a former source is taken
    last_chunk_whole,         ///< SAF-21: a resync writes its last chunk whole, past the end
    target_for_ever_serves,   ///< R1: a copy that nobody can serve from takes over all the same
    created_anew,           ///< R91: an only copy whose disk was replaced is taken for a new mirror
    hung_copy_awaited,      ///< LIV-3: a promotion waits for ever for a copy whose disk hangs
    asked_era_forgotten,    ///< SAF-7: an era counts no sooner than a disk that hangs has stored it
    resume_unheeded,        ///< LIV-6: a leg that an operator resumes stays paused
    others_disks_taken,     ///< FLT-12: a node starts with the disks of another
    unread_sent_as_zeroes,  ///< SAF-15, 497149ded: a resync forgets that its read failed
    unread_left_behind,     ///< SAF-15: a resync takes what it could not read for copied
    former_run_remembered,  ///< G25, SAF-22: what ran before in the process changes new names
    last
};

std::string_view name_of(Mutant) noexcept;

#ifdef SUNDER_MUTANTS
/// The mutant that lives on this thread; set by the test that hunts it.
extern thread_local Mutant living_mutant;
inline bool mutant(Mutant which) noexcept { return living_mutant == which; }
#else
constexpr bool mutant(Mutant) noexcept { return false; }
#endif

}  // namespace sunder
