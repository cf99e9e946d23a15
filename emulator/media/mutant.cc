// SPDX-License-Identifier: BSD-3-Clause
//
// The names of the store's mutants. Which one lives is left to the test that hunts it.
#include "emulator/media/mutant.h"

namespace sunder::emulator::media {

#ifdef SUNDER_MUTANTS
thread_local Mutant living_mutant = Mutant::none;
#endif

std::string_view name_of(Mutant which) {
    switch (which) {
        case Mutant::none:
            return "none";
        case Mutant::data_not_synced:
            return "data_not_synced";
        case Mutant::file_not_entered:
            return "file_not_entered";
        case Mutant::sync_tried_again:
            return "sync_tried_again";
        case Mutant::rows_not_synced:
            return "rows_not_synced";
        case Mutant::opened_unsettled:
            return "opened_unsettled";
        case Mutant::changes_not_remembered:
            return "changes_not_remembered";
        case Mutant::another_boots_changes:
            return "another_boots_changes";
        case Mutant::last:
            break;
    }
    return "unknown";
}

}  // namespace sunder::emulator::media
