// SPDX-License-Identifier: BSD-3-Clause
//
// The names of the mutants, which are the spellings of their enumerators: reports and the command
// line of the mutant tests use them. Which mutant lives is left to the test that hunts it.
#include "base/mutant.h"

#include <cstddef>
#include <iterator>

namespace sunder {

#ifdef SUNDER_MUTANTS
thread_local Mutant living_mutant = Mutant::none;
#endif

namespace {

/// In the order of the enumerators.
constexpr std::string_view names[] = {
    "none",
    "acknowledge_before_leg",
    "acknowledge_without_outdated",
    "bit_cleared_on_receipt",
    "bit_set_late",
    "bits_never_cleared",
    "resync_without_lock",
    "finish_overtakes",
    "finish_with_bits_left",
    "union_forgotten",
    "everything_is_copied",
    "interrupted_is_done",
    "queue_dropped_at_promotion",
    "apply_out_of_order",
    "pulled_ahead_unsaid",
    "applying_not_stored",
    "promote_while_resyncing",
    "booted_alone_promotes",
    "wrong_owner_accepted",
    "force_unaudited",
    "resync_never_finishes",
    "death_unnoticed",
    "corrupt_flag_sticks",
    "read_overtakes_write",
    "flush_acknowledged_alone",
    "failed_flush_forgotten",
    "read_error_answered",
    "failed_write_acknowledged",
    "trim_not_applied",
    "trim_leaves_no_bit",
    "unextended_copy_kept",
    "later_copy_overwritten",
    "equal_label_believed",
    "generation_not_minted",
    "damaged_page_trusted",
    "stale_page_trusted",
    "dead_leg_awaited",
    "overlaps_in_flight",
    "boundary_ignored",
    "written_apart_unnamed",
    "pause_forgotten",
    "resume_on_old_word",
    "busy_chunk_never_reserved",
    "lent_too_early",
    "heirs_untold",
    "targets_unnamed",
    "vouched_too_early",
    "restored_unnamed",
    "quorum_ignored",
    "quorum_forgotten",
    "witness_ignored",
    "confirmation_skipped",
    "failed_fencing_believed",
    "lagging_copy_goes_first",
    "hierarchy_starts_at_once",
    "mirror_leaves_first",
    "resync_unnamed",
    "cursor_never_returns",
    "absence_excused",
    "barrier_passes_held",
    "absence_stored_once",
    "quorum_loss_overtaken",
    "interrupted_begins_anew",
    "concession_untold",
    "earlier_era_heard",
    "last_chunk_whole",
    "target_for_ever_serves",
    "created_anew",
    "hung_copy_awaited",
    "asked_era_forgotten",
    "resume_unheeded",
    "others_disks_taken",
    "unread_sent_as_zeroes",
    "unread_left_behind",
    "former_run_remembered",
};
static_assert(std::size(names) == static_cast<std::size_t>(Mutant::last));

}  // namespace

std::string_view name_of(Mutant which) noexcept {
    auto const place = static_cast<std::size_t>(which);
    return place < std::size(names) ? names[place] : "unknown";
}

}  // namespace sunder
