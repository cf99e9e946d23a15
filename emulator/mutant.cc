// SPDX-License-Identifier: BSD-3-Clause
//
// The names of the array's mutants. Which one lives is left to the test that hunts it.
#include "emulator/mutant.h"

namespace sunder::emulator {

#ifdef SUNDER_MUTANTS
thread_local Mutant living_mutant = Mutant::none;
#endif

std::string_view name_of(Mutant which) {
    switch (which) {
        case Mutant::none:
            return "none";
        case Mutant::snapshot_overwritten:
            return "snapshot_overwritten";
        case Mutant::shared_slot_freed:
            return "shared_slot_freed";
        case Mutant::slot_reused_early:
            return "slot_reused_early";
        case Mutant::emptied_early:
            return "emptied_early";
        case Mutant::unsettled_overwritten:
            return "unsettled_overwritten";
        case Mutant::copy_forgotten:
            return "copy_forgotten";
        case Mutant::push_forgotten:
            return "push_forgotten";
        case Mutant::change_unmarked:
            return "change_unmarked";
        case Mutant::mirror_intent_unmarked:
            return "mirror_intent_unmarked";
        case Mutant::growth_uncounted:
            return "growth_uncounted";
        case Mutant::independent_too_early:
            return "independent_too_early";
        case Mutant::last:
            break;
    }
    return "unknown";
}

}  // namespace sunder::emulator
