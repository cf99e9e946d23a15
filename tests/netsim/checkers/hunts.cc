// SPDX-License-Identifier: BSD-3-Clause
//
// Clusters, the stories that are played on them, and which story is told for which mutant.
#include "tests/netsim/checkers/hunts.h"

#include "tests/netsim/checkers/disk_stories.h"
#include "tests/netsim/checkers/hierarchy_stories.h"
#include "tests/netsim/checkers/pause_stories.h"
#include "tests/netsim/checkers/resync_stories.h"
#include "tests/netsim/checkers/takeover_stories.h"
#include "tests/netsim/checkers/target_stories.h"
#include "tests/netsim/checkers/volume_stories.h"

namespace sunder::netsim::test {
namespace {

using replication::HostOp;

// --- Clusters ------------------------------------------------------------------------------------

Cluster asynchronous() {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].mode = Mode::asynchronous;
    return cluster;
}

/// The target's disk is far behind, and a death is noticed at once.
Cluster hasty() {
    Cluster cluster = asynchronous();
    cluster.detection.interval = milliseconds(2);
    cluster.detection.missed = 1;
    return cluster;
}

/// Nobody clears bits for a while.
Cluster lazy() {
    Cluster cluster = asynchronous();
    cluster.settle_interval = seconds(30);
    cluster.nodes[1].disk.jitter = milliseconds(3);
    return cluster;
}

/// A word takes longer than a write.
Cluster distant() {
    Cluster cluster = small_cluster();
    cluster.links[0].there.latency = cluster.links[0].back.latency = milliseconds(5);
    return cluster;
}

// --- Stories -------------------------------------------------------------------------------------

/// A write is answered although the path is cut; then the source loses power.
void cut_write_power(Stage& stage) {
    stage.until_mirroring();
    for (int i = 0; i < 5; ++i) {
        stage.write(server1, block(stage.dice.below(64)));
        stage.run_for(microseconds(150));
    }
    stage.run_for(milliseconds(5));
    stage.cut();
    for (std::uint64_t i = 0; i < 3; ++i) stage.write(server1, block(100 + i));
    stage.run_for(milliseconds(2));
    stage.power_cut(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.end_well();
}

/// The leg drops, a write is acknowledged without it, and the power goes in that very moment.
void lonely_write_power(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.reset();
    RequestId const write = stage.write(server1, block(stage.dice.below(200)));
    stage.run_until([&] { return stage.acknowledged(write); }, milliseconds(5));
    stage.power_cut(server1);
    if (stage.run_until([&] { return stage.serves(server2); })) stage.work(server2, 4, 64, 300);
    stage.end_well();
}

/// The same a second time, after the first was made good.
void lonely_again(Stage& stage) {
    stage.until_mirroring();
    stage.reset();
    RequestId const first = stage.write(server1, block(stage.dice.below(200)));
    stage.run_until([&] { return stage.acknowledged(first); }, milliseconds(50));
    lonely_write_power(stage);
}

/// A host writes here and there.
void plain_work(Stage& stage) {
    stage.until_mirroring();
    for (int i = 0; i < 6; ++i) {
        stage.work(server1, 12, 40, 150);
        stage.run_for(milliseconds(250));
    }
    stage.end_well();
}

/// The source loses power with writes that only it has; the target takes over and goes on
/// elsewhere.
void failback(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 4, 30, 300);
    stage.run_for(milliseconds(300));
    stage.cut();
    for (std::uint64_t i = 0; i < 3; ++i) stage.write(server1, block(100 + stage.dice.below(100)));
    stage.run_for(milliseconds(2));
    stage.power_cut(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.work(server2, 10, 64, 300);
    stage.heal();
    stage.restart(server1);
    stage.run_for(seconds(1));
    stage.end_well();
}

/// The source's process dies while its target has a queue before a slow disk.
void slow_target_takes_over(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.slow_disk(server2, 50);
    for (int i = 0; i < 6; ++i) {
        stage.write(server1, block(stage.dice.below(2)));
        stage.run_for(microseconds(300));
    }
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.slow_disk(server2, 1);
    stage.end_well();
}

/// Overlapping writes in a burst; the source dies before anybody clears a bit.
void burst_and_crash(Stage& stage) {
    stage.until_mirroring();
    for (int i = 0; i < 8; ++i) {
        std::uint64_t const first = stage.dice.below(3) * 8;
        stage.write(server1, {first, 8 + stage.dice.below(2) * 8});
        stage.run_for(microseconds(160));
    }
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
}

/// The same, and nobody dies.
void burst(Stage& stage) {
    stage.until_mirroring();
    for (int i = 0; i < 8; ++i) {
        std::uint64_t const first = stage.dice.below(3) * 8;
        stage.write(server1, {first, 8 + stage.dice.below(2) * 8});
        stage.run_for(microseconds(160));
    }
    stage.end_well();
}

/// Barriers arrive while a slow disk holds writes back, and then the target loses its power.
void barriers_behind_held_writes(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.slow_disk(server2, 400);
    for (int i = 0; i < 8; ++i) {
        stage.write(server1, block(stage.dice.below(2)));
        stage.run_for(milliseconds(1));
    }
    stage.run_for(milliseconds(250));
    stage.power_cut(server2);
    stage.slow_disk(server2, 1);
    stage.run_for(milliseconds(100));
    stage.end_well();
}

/// A target dies while it applies what a host writes, and misses some; when it is back, its source
/// dies.
void dies_while_it_applies(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.write(server1, block(stage.dice.below(64)));
    stage.run_for(milliseconds(5));
    stage.crash(server2);
    for (int i = 0; i < 5; ++i) {
        stage.write(server1, block(stage.dice.below(64)));
        stage.run_for(milliseconds(2));
    }
    stage.run_for(seconds(1));
    stage.restart(server2);
    stage.until_mirroring();
    stage.run_for(seconds(1));
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.end_well();
}

/// The target loses power with records that it has not flushed.
void target_loses_power(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.work(server1, 6, 64, 300);
    stage.power_cut(server2);
    stage.run_for(milliseconds(100));
    stage.end_well();
}

/// Both die, the target returns first, alone (scenario 4).
void target_returns_first(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.crash(server2);
    stage.crash(server1);
    stage.restart(server2);
    stage.run_for(seconds(5));
    stage.end_well();
}

/// Both die, the source returns first and stays out; then the target returns (scenario 3).
void source_returns_first(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.crash(server2);
    stage.crash(server1);
    stage.restart(server1);
    stage.run_for(seconds(5));
    stage.end_well();
}

/// An operator forces the target online while the last owner is down; then that one returns.
void forced_past_owner(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 4, 64, 300);
    stage.run_for(milliseconds(300));
    stage.crash(server2);
    stage.crash(server1);
    stage.restart(server2);
    stage.run_for(seconds(3));
    stage.force(server2);
    stage.run_for(milliseconds(100));
    stage.end_well();
}

/// Both were down and the last owner is forced online: its own data, and no later ones exist.
void forced_owner(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 4, 64, 300);
    stage.run_for(milliseconds(300));
    stage.crash(server2);
    stage.crash(server1);
    stage.restart(server1);
    stage.run_for(seconds(3));
    stage.force(server1);
    stage.run_for(milliseconds(100));
    stage.end_well();
}

/// A host reads what is being written while the path is cut; the source loses power, the target
/// takes over, and the host reads again.
void read_power_read(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 5, 64, 300);
    stage.run_for(milliseconds(300));
    stage.cut();
    std::uint64_t const number = 100 + stage.dice.below(100);
    stage.write(server1, block(number));
    stage.run_for(milliseconds(1));
    stage.ask(server1, HostOp::read, block(number));
    stage.run_for(milliseconds(1));
    stage.power_cut(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.ask(server2, HostOp::read, block(number));
    stage.end_well();
}

/// The source gives up its target, says so on its disk, and dies before it could tell its host. The
/// target takes over and is not written; then the first source returns.
void later_without_a_word(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.cut();
    stage.write(server1, block(stage.dice.below(100)));
    stage.run_until([&] { return stage.leg(server1) == replication::LegState::disconnected; });
    stage.run_for(microseconds(static_cast<std::int64_t>(stage.dice.below(100))));
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.end_well();
}

/// The source loses power while only it has a write, and is back before anybody took over.
void source_is_back_at_once(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.cut();
    stage.write(server1, block(stage.dice.below(100)));
    stage.run_for(milliseconds(2));
    stage.power_cut(server1);
    stage.heal();
    stage.restart(server1);
    stage.until_mirroring();
}

/// Both serve, one after the other and without the other.
void both_write_alone(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.cut();
    stage.write(server1, block(stage.dice.below(100)));
    stage.run_for(milliseconds(500));
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.write(server2, block(stage.dice.below(100)));
    stage.run_for(milliseconds(100));
    stage.end_well();
}

/// Both serve at a time, and then an operator has the first one give up.
void split_and_resolved(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.cut();
    stage.write(server1, block(stage.dice.below(100)));
    stage.run_until([&] { return stage.serves(server2); });
    stage.write(server2, block(stage.dice.below(100)));
    stage.run_for(seconds(1));
    stage.heal();
    stage.run_for(seconds(5));
    stage.resolve(server1);
    stage.end_well();
}

/// The source dies while it stores bits of chunks that it writes alone, and a new generation.
void dies_while_storing(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.crash(server2);
    stage.run_until([&] { return stage.leg(server1) == replication::LegState::disconnected; });
    for (std::uint64_t i = 0; i < 6; ++i) {
        stage.write(server1, block(i * 16));
        stage.run_for(microseconds(static_cast<std::int64_t>(stage.dice.below(120))));
    }
    stage.crash(server1);
    stage.end_well();
}

/// The connection breaks under a write.
void reset_under_write(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 5, 64, 300);
    stage.write(server1, block(stage.dice.below(100)));
    stage.run_for(microseconds(100));
    stage.reset();
    stage.end_well();
}

/// The source dies and stays dead.
void source_dies(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 4, 64, 300);
    stage.run_for(milliseconds(300));
    stage.crash(server1);
    stage.run_for(seconds(10));
}

constexpr Hunt hunts[] = {
    {Mutant::acknowledge_before_leg, "cut, write, power cut", cut_write_power, small_cluster,
     "no_lost_acknowledged_write", true},
    {Mutant::acknowledge_without_outdated, "leg drops, write, power cut", lonely_write_power,
     small_cluster, "no_silent_split_brain", true},
    {Mutant::bit_cleared_on_receipt, "plain work", plain_work, small_cluster, "intent_log_superset",
     false},
    {Mutant::bit_set_late, "plain work", plain_work, small_cluster, "intent_log_superset", true},
    {Mutant::bits_never_cleared, "plain work", plain_work, small_cluster, "mirror_equality", true},
    {Mutant::resync_without_lock, "work during a resync", work_during_resync, hesitant,
     "resync_convergence", false},
    {Mutant::finish_overtakes, "the first resync", first_resync, sluggish, "resync_convergence",
     true},
    {Mutant::finish_with_bits_left, "work during a resync", work_during_resync, sluggish,
     "resync_convergence", false},
    {Mutant::union_forgotten, "failback", failback, small_cluster, "resync_copies_the_union",
     false},
    {Mutant::everything_is_copied, "failback", failback, small_cluster, "resync_copies_the_union",
     true},
    {Mutant::interrupted_is_done, "a resync breaks off", broken_resync, sluggish,
     "no_promotion_of_inconsistent_copy", false},
    {Mutant::queue_dropped_at_promotion, "a slow target takes over", slow_target_takes_over, hasty,
     "asynchronous_prefix", true},
    {Mutant::apply_out_of_order, "burst and crash", burst_and_crash, lazy, "asynchronous_prefix",
     false},
    {Mutant::pulled_ahead_unsaid, "log, then data", log_then_data, log_and_data,
     "dependent_writes_in_order", true},
    {Mutant::applying_not_stored, "the target loses power", target_loses_power, small_cluster,
     "no_promotion_of_inconsistent_copy", true},
    {Mutant::promote_while_resyncing, "the source dies in a resync", source_dies_in_resync,
     sluggish, "no_promotion_of_inconsistent_copy", false},
    {Mutant::booted_alone_promotes, "the target returns first", target_returns_first, small_cluster,
     "no_promotion_of_inconsistent_copy", true},
    {Mutant::wrong_owner_accepted, "forced past the owner", forced_past_owner, small_cluster,
     "no_silent_split_brain", true},
    {Mutant::force_unaudited, "the owner is forced", forced_owner, small_cluster,
     "every_loss_attributed", true},
    {Mutant::resync_never_finishes, "long runs", long_runs, small_cluster, "resync_completes",
     true},
    {Mutant::death_unnoticed, "the source dies", source_dies, small_cluster, "failover_completes",
     true},
    {Mutant::death_unnoticed, "the source dies, and a majority is left", source_dies, witnessed,
     "failover_completes", true},
    {Mutant::corrupt_flag_sticks, "the source returns first", source_returns_first, small_cluster,
     "both_back_in_service", true},
    {Mutant::read_overtakes_write, "read, power cut, read", read_power_read, small_cluster,
     "linearizability", true},
    {Mutant::flush_acknowledged_alone, "write and flush", write_and_flush, small_cluster,
     "flush_makes_durable", true},
    {Mutant::failed_flush_forgotten, "a flush fails once", flush_fails_once, small_cluster,
     "flush_makes_durable", true},
    {Mutant::read_error_answered, "reads fail", reads_fail, small_cluster, "errors_are_not_data",
     true},
    {Mutant::failed_write_acknowledged, "a write fails", write_fails, small_cluster,
     "errors_are_not_data", true},
    {Mutant::trim_not_applied, "write and trim", write_and_trim, small_cluster,
     "zeroes_on_every_copy", true},
    {Mutant::trim_leaves_no_bit, "plain work", plain_work, small_cluster, "intent_log_superset",
     true},
    {Mutant::later_copy_overwritten, "later without a word", later_without_a_word, small_cluster,
     "no_later_copy_overwritten", true},
    {Mutant::equal_label_believed, "the source is back at once", source_is_back_at_once,
     small_cluster, "equal_label_equal_data", true},
    {Mutant::generation_not_minted, "both write alone", both_write_alone, small_cluster,
     "no_silent_split_brain", false},
    {Mutant::damaged_page_trusted, "dies while storing", dies_while_storing, small_cluster,
     "boots_with_what_was_stable", true},
    {Mutant::stale_page_trusted, "dies while storing", dies_while_storing, small_cluster,
     "boots_with_what_was_stable", true},
    {Mutant::dead_leg_awaited, "the connection breaks under a write", reset_under_write,
     small_cluster, "every_request_ends", true},
    {Mutant::overlaps_in_flight, "burst", burst, hesitant, "mirror_equality", false},
    {Mutant::boundary_ignored, "plain work", plain_work, small_cluster, "intent_log_superset",
     true},
    {Mutant::written_apart_unnamed, "both sides of a pause", both_sides_of_a_pause, small_cluster,
     "intent_log_superset", false},
    {Mutant::pause_forgotten, "the source dies in a pause", source_dies_in_a_pause, small_cluster,
     "no_promotion_of_inconsistent_copy", true},
    {Mutant::resume_unheeded, "paused and resumed", paused_and_resumed, small_cluster,
     "resumed_mirrors", true},
    {Mutant::resume_on_old_word, "written until the resume", written_until_the_resume, distant,
     "mirror_equality", false},
    {Mutant::lent_too_early, "write and borrow", write_and_borrow, lender, "linearizability",
     false},
    {Mutant::restored_unnamed, "fall back", fall_back, with_fallback, "mirror_equality", false},
    {Mutant::targets_unnamed, "targets apart", targets_apart, three, "mirror_equality", false},
    {Mutant::heirs_untold, "favourite left behind", favourite_left_behind, three_patient,
     "no_lost_acknowledged_write", false},
    {Mutant::vouched_too_early, "settled too soon", settled_too_soon, three, "mirror_equality",
     false},
    {Mutant::quorum_ignored, "the target is cut off", target_cut_off, witnessed,
     "takeover_permitted", true},
    {Mutant::witness_ignored, "parted before a witness", parted_before_a_witness, witnessed,
     "takeover_permitted", true},
    {Mutant::quorum_forgotten, "the tie-breaker is found again", tie_breaker_found_again, tied,
     "takeover_permitted", true},
    {Mutant::confirmation_skipped, "dies unconfirmed", dies_unconfirmed, confirmed,
     "takeover_permitted", true},
    {Mutant::lagging_copy_goes_first, "written past the favourite", written_past_the_favourite,
     lagging_favourite, "no_lost_acknowledged_write", true},
    {Mutant::hierarchy_starts_at_once, "moved to and fro", moved_to_and_fro, with_a_database,
     "hierarchy_in_order", true},
    {Mutant::mirror_leaves_first, "moved to and fro", moved_to_and_fro, with_a_database,
     "hierarchy_in_order", true},
    {Mutant::unextended_copy_kept, "leaves and joins", leaves_and_joins, three, "mirror_equality",
     false},
    {Mutant::failed_fencing_believed, "a shot that misses", shot_that_misses, fenced,
     "takeover_permitted", true},
    {Mutant::busy_chunk_never_reserved, "overwrites in a resync", overwrites_in_resync, laggard,
     "resync_completes", true},
    {Mutant::cursor_never_returns, "overwrites in a resync", overwrites_in_resync, laggard,
     "resync_completes", true},
    {Mutant::resync_unnamed, "resynchronised behind a third", resynchronised_behind_a_third, three,
     "mirror_equality", false},
    {Mutant::absence_excused, "dies while it applies", dies_while_it_applies, small_cluster,
     "no_lost_acknowledged_write", false},
    {Mutant::barrier_passes_held, "barriers behind held writes", barriers_behind_held_writes,
     asynchronous, "intent_log_superset", false},
    {Mutant::absence_stored_once, "leg drops twice, power cut", lonely_again, small_cluster,
     "no_silent_split_brain", true},
    {Mutant::quorum_loss_overtaken, "loses quorum on its way out", loses_quorum_on_its_way_out,
     with_a_vote, "no_service_without_quorum", true},
    {Mutant::interrupted_begins_anew, "flaps after some progress", flaps_after_progress, sluggish,
     "resync_keeps_progress", true},
    {Mutant::concession_untold, "split and resolved", split_and_resolved, small_cluster,
     "loser_rejoins", true},
    {Mutant::earlier_era_heard, "outbid behind its back", outbid_behind_its_back, three,
     "earlier_eras_refused", true},
    {Mutant::last_chunk_whole, "the first resync of a larger disk", first_resync, roomy,
     "nothing_outside_the_mirror", true},
    {Mutant::target_for_ever_serves, "dies before a target for ever", dies_before_a_target_for_ever,
     for_ever, "targets_for_ever_never_serve", true},
    {Mutant::created_anew, "the only disk is replaced", only_disk_replaced, small_cluster,
     "no_lost_acknowledged_write", false},
    {Mutant::others_disks_taken, "started with exchanged disks", started_with_exchanged_disks,
     small_cluster, "boots_with_what_was_stable", false},
    {Mutant::hung_copy_awaited, "dies beside a hung disk", dies_beside_a_hung_disk, three,
     "failover_completes", true},
    {Mutant::asked_era_forgotten, "dies before its era is stored", dies_before_its_era_is_stored,
     three_distant, "linearizability", false},
    {Mutant::former_run_remembered, "plain work", plain_work, small_cluster, "same_run_twice",
     true},
    {Mutant::unread_sent_as_zeroes, "a resync of a bad medium", resync_of_bad_medium, small_cluster,
     "corruption_does_not_spread", true},
    {Mutant::unread_left_behind, "a resync of a bad medium", resync_of_bad_medium, small_cluster,
     "corruption_does_not_spread", false},
};

}  // namespace

std::span<Hunt const> all_hunts() { return hunts; }

}  // namespace sunder::netsim::test
