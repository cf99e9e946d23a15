// SPDX-License-Identifier: BSD-3-Clause
//
// The table of traps.
#include "tests/netsim/checkers/traps.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace sunder::netsim::test {

namespace {

struct Falls {
    Mutant mutant;
    std::array<Trap, 2> into;
    std::uint8_t count;
};

constexpr Falls table[] = {
    {Mutant::acknowledge_before_leg, {20}, 1},
    {Mutant::acknowledge_without_outdated, {20}, 1},
    {Mutant::bit_cleared_on_receipt, {2}, 1},
    {Mutant::bit_set_late, {3}, 1},
    {Mutant::resync_without_lock, {1}, 1},
    {Mutant::finish_overtakes, {5}, 1},
    {Mutant::finish_with_bits_left, {4}, 1},
    {Mutant::union_forgotten, {17}, 1},
    {Mutant::interrupted_is_done, {18}, 1},
    {Mutant::queue_dropped_at_promotion, {8}, 1},
    {Mutant::apply_out_of_order, {6}, 1},
    {Mutant::promote_while_resyncing, {24}, 1},
    {Mutant::booted_alone_promotes, {15}, 1},
    {Mutant::resync_never_finishes, {4}, 1},
    {Mutant::read_overtakes_write, {9}, 1},
    {Mutant::flush_acknowledged_alone, {10}, 1},
    {Mutant::failed_flush_forgotten, {11}, 1},
    {Mutant::trim_not_applied, {12}, 1},
    {Mutant::trim_leaves_no_bit, {12}, 1},
    {Mutant::equal_label_believed, {14}, 1},
    {Mutant::generation_not_minted, {14}, 1},
    {Mutant::damaged_page_trusted, {13}, 1},
    {Mutant::stale_page_trusted, {13}, 1},
    {Mutant::overlaps_in_flight, {6}, 1},
    {Mutant::boundary_ignored, {21}, 1},
    {Mutant::written_apart_unnamed, {17}, 1},
    {Mutant::busy_chunk_never_reserved, {19}, 1},
    {Mutant::lent_too_early, {9}, 1},
    {Mutant::heirs_untold, {14, 20}, 2},
    {Mutant::targets_unnamed, {3}, 1},
    {Mutant::vouched_too_early, {5}, 1},
    {Mutant::quorum_ignored, {16}, 1},
    {Mutant::quorum_forgotten, {15}, 1},
    {Mutant::witness_ignored, {16}, 1},
    {Mutant::confirmation_skipped, {16}, 1},
    {Mutant::failed_fencing_believed, {16}, 1},
    {Mutant::resync_unnamed, {14, 17}, 2},
    {Mutant::cursor_never_returns, {4}, 1},
    {Mutant::absence_excused, {2}, 1},
    {Mutant::barrier_passes_held, {2, 10}, 2},
    {Mutant::absence_stored_once, {20}, 1},
    {Mutant::quorum_loss_overtaken, {16}, 1},
    {Mutant::interrupted_begins_anew, {18}, 1},
    {Mutant::asked_era_forgotten, {8, 9}, 2},
    {Mutant::former_run_remembered, {25}, 1},
};

struct Impossible {
    Trap trap;
    std::string_view why;
};

constexpr Impossible impossible[] = {
    {7, "a payload is immutable: the own disk and the leg are given the same value"},
    {22, "needs a rewind log, which is not built"},
    {23, "no machine is given a clock; the house's check refuses one"},
};

}  // namespace

std::span<Trap const> traps_of(Mutant mutant) {
    auto const found = std::ranges::find(table, mutant, &Falls::mutant);
    if (found == std::end(table)) return {};
    return std::span(found->into).first(found->count);
}

std::string_view why_impossible(Trap trap) {
    auto const found = std::ranges::find(impossible, trap, &Impossible::trap);
    return found == std::end(impossible) ? std::string_view() : found->why;
}

}  // namespace sunder::netsim::test
