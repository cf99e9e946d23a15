// SPDX-License-Identifier: BSD-3-Clause
//
// The names of the mutants, which are the spellings of their enumerators: reports and the command
// line of the mutant tests use them. Which mutant lives is left to the test that hunts it.
#include "base/mutant.h"

namespace sunder {

#ifdef SUNDER_MUTANTS
thread_local Mutant living_mutant = Mutant::none;
#endif

std::string_view name_of(Mutant which) noexcept {
    switch (which) {
        case Mutant::none:
            return "none";
        case Mutant::acknowledge_before_leg:
            return "acknowledge_before_leg";
        case Mutant::acknowledge_without_outdated:
            return "acknowledge_without_outdated";
        case Mutant::bit_cleared_on_receipt:
            return "bit_cleared_on_receipt";
        case Mutant::bit_set_late:
            return "bit_set_late";
        case Mutant::bits_never_cleared:
            return "bits_never_cleared";
        case Mutant::resync_without_lock:
            return "resync_without_lock";
        case Mutant::finish_overtakes:
            return "finish_overtakes";
        case Mutant::finish_with_bits_left:
            return "finish_with_bits_left";
        case Mutant::union_forgotten:
            return "union_forgotten";
        case Mutant::everything_is_copied:
            return "everything_is_copied";
        case Mutant::interrupted_is_done:
            return "interrupted_is_done";
        case Mutant::queue_dropped_at_promotion:
            return "queue_dropped_at_promotion";
        case Mutant::apply_out_of_order:
            return "apply_out_of_order";
        case Mutant::applying_not_stored:
            return "applying_not_stored";
        case Mutant::promote_while_resyncing:
            return "promote_while_resyncing";
        case Mutant::booted_alone_promotes:
            return "booted_alone_promotes";
        case Mutant::wrong_owner_accepted:
            return "wrong_owner_accepted";
        case Mutant::force_unaudited:
            return "force_unaudited";
        case Mutant::resync_never_finishes:
            return "resync_never_finishes";
        case Mutant::death_unnoticed:
            return "death_unnoticed";
        case Mutant::corrupt_flag_sticks:
            return "corrupt_flag_sticks";
        case Mutant::read_overtakes_write:
            return "read_overtakes_write";
        case Mutant::last:
            return "last";
    }
    return "unknown";
}

}  // namespace sunder
