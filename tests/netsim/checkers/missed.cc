// SPDX-License-Identifier: BSD-3-Clause
//
// The two tables.
#include "tests/netsim/checkers/missed.h"

#include <algorithm>
#include <span>

namespace sunder::netsim::test {

namespace {

struct Missed {
    Mutant mutant;
    std::string_view why;
};

constexpr Missed by_random_runs[] = {
    {Mutant::restored_unnamed, "an operator has to go back to an image within a resync"},
    {Mutant::read_overtakes_write, "a host has to read what a failover then takes back"},
    {Mutant::resume_on_old_word, "a host has to write within the round trip of a resume"},
    {Mutant::lent_too_early, "a read has to fail while a record is on its way"},
    {Mutant::pause_forgotten, "its source has to die within a pause: found after 558 runs"},
    {Mutant::absence_stored_once, "a source has to lose its power as it stores a second absence"},
    {Mutant::quorum_loss_overtaken, "quorum has to be lost while a write holds up a hand-over"},
    {Mutant::created_anew, "a mirror has to have one copy, and that one another disk"},
    {Mutant::others_disks_taken, "disks are exchanged only where all faults are asked for"},
    {Mutant::hung_copy_awaited, "the source has to die while a third disk hangs, and nothing else"},
    {Mutant::asked_era_forgotten,
     "who took over has to be lost between its first read and its greeting of a hung third"},
    {Mutant::former_run_remembered, "no run is compared with the same one, played once more"},
};

constexpr Missed by_searches[] = {
    {Mutant::everything_is_copied, "nothing is lost by copying too much; chunks are not counted"},
    {Mutant::death_unnoticed, "a death is repaired before anybody is asked who took over"},
    {Mutant::boundary_ignored, "every request is of one block, and every block is a chunk"},
    {Mutant::busy_chunk_never_reserved, "needs a host that never pauses; here writes are few"},
    {Mutant::lent_too_early, "needs a policy for disk errors that no search has"},
    {Mutant::quorum_ignored, "no search asks for quorum"},
    {Mutant::quorum_forgotten, "no search asks for quorum"},
    {Mutant::witness_ignored, "no search asks for quorum"},
    {Mutant::confirmation_skipped, "no search asks an administrator"},
    {Mutant::failed_fencing_believed, "in no search a shot misses"},
    {Mutant::lagging_copy_goes_first, "no search has guarded nodes and a copy that lags"},
    {Mutant::hierarchy_starts_at_once, "nothing stands on a mirror in a search"},
    {Mutant::mirror_leaves_first, "nothing stands on a mirror in a search"},
    {Mutant::unextended_copy_kept, "no operator extends a mirror in a search"},
    {Mutant::restored_unnamed, "no operator falls back on an image in a search"},
    {Mutant::quorum_loss_overtaken, "no search asks for quorum"},
    {Mutant::interrupted_begins_anew, "nothing is lost by copying twice; chunks are not counted"},
    {Mutant::concession_untold, "no operator resolves a split brain in a search"},
    {Mutant::earlier_era_heard, "a search compares contents, and a resync takes this one back"},
    {Mutant::last_chunk_whole, "every block is a chunk, and every disk ends with its mirror"},
    {Mutant::target_for_ever_serves, "in no search a copy is a target for ever"},
    {Mutant::created_anew, "no disk is replaced in a search"},
    {Mutant::hung_copy_awaited, "no disk hangs in a search, and what fails is mended"},
    {Mutant::asked_era_forgotten, "no disk hangs in a search"},
    {Mutant::others_disks_taken, "no disks are exchanged in a search"},
    {Mutant::resume_unheeded, "no operator resumes a leg in a search"},
    {Mutant::former_run_remembered, "a search is one run, and in each the names are others"},
    {Mutant::unread_sent_as_zeroes,
     "a disk has to fail as a resync reads: not within two million states"},
    {Mutant::unread_left_behind,
     "a disk has to fail as a resync reads: not within two million states"},
};

std::string_view why(std::span<Missed const> table, Mutant mutant) {
    auto const found = std::ranges::find(table, mutant, &Missed::mutant);
    return found == table.end() ? std::string_view() : found->why;
}

}  // namespace

std::string_view why_random_runs_miss(Mutant mutant) { return why(by_random_runs, mutant); }

std::string_view why_searches_miss(Mutant mutant) { return why(by_searches, mutant); }

}  // namespace sunder::netsim::test
