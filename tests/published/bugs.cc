// SPDX-License-Identifier: BSD-3-Clause
//
// The table of published bugs.
#include "tests/published/bugs.h"

namespace sunder::published {

namespace {

constexpr char const* drbd = "LINBIT/drbd";

constexpr Bug table[] = {
    {"499533fe3", drbd, "drbd-third-node-resynchronised", Mutant::resync_unnamed,
     "mirror_equality"},
    {"499533fe3", drbd, "drbd-third-node-resynchronised", Mutant::targets_unnamed,
     "mirror_equality"},
    {"3cb0ba6d1", drbd, "drbd-switch-fails-under-two-targets", Mutant::targets_unnamed,
     "mirror_equality"},
    {"415a2c408, two nodes", drbd, "drbd-late-marks-two-nodes", Mutant::finish_overtakes,
     "resync_convergence"},
    {"415a2c408, three nodes", drbd, "drbd-late-marks-three-nodes", Mutant::vouched_too_early,
     "mirror_equality"},
    {"d8c4f8de8", drbd, "drbd-resync-stalls-before-its-end", Mutant::cursor_never_returns,
     "resync_completes"},
    {"d8c4f8de8", drbd, "drbd-resync-stalls-before-its-end", Mutant::finish_with_bits_left,
     "resync_convergence"},
    {"#145", drbd, "drbd-log-cleared-at-a-rejoin", Mutant::absence_excused,
     "no_lost_acknowledged_write"},
    {"15f2580ae", drbd, "drbd-barrier-passes-held-writes", Mutant::barrier_passes_held,
     "intent_log_superset"},
    {"3d0668819", drbd, "drbd-two-disconnects-in-succession", Mutant::absence_stored_once,
     "no_silent_split_brain"},
    {"3e148a320979", "Linux, md", "md-overlap-on-write-behind", Mutant::apply_out_of_order,
     "mirror_equality"},
    {"#22", "neilbrown/mdadm", "mdadm-legs-removed-in-sequence", Mutant::heirs_untold,
     "no_lost_acknowledged_write"},
    {"#22", "neilbrown/mdadm", "mdadm-legs-removed-in-sequence", Mutant::later_copy_overwritten,
     "no_later_copy_overwritten"},
    {"fsyncgate", "PostgreSQL 11.2", "fsync-retried-and-believed", Mutant::failed_flush_forgotten,
     "flush_makes_durable"},
    {"comm-path race", "SIOS, known issues", "lifekeeper-path-restored-as-a-resource-fails",
     Mutant::quorum_loss_overtaken, "no_service_without_quorum"},
    {"comm-path race, SAF-6", "SIOS, known issues", "lifekeeper-path-restored-under-guarded",
     Mutant::quorum_loss_overtaken, "no_service_without_quorum"},
};

}  // namespace

std::span<Bug const> bugs() { return table; }

}  // namespace sunder::published
