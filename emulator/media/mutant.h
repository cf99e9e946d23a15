// SPDX-License-Identifier: BSD-3-Clause
//
// Mutants of the store: small wrong changes at the places where stores lose data, compiled in for
// the tests of the tests only. An enumeration of their own, because those of emulator/mutant.h are
// hunted without a medium.
#pragma once

#include <string_view>

namespace sunder::emulator::media {

enum class Mutant {
    none,
    data_not_synced,   ///< a map is saved that names data which may not be on the medium
    file_not_entered,  ///< the first data of a disk group is synced, that its file is there is not
    sync_tried_again,  ///< a sync that failed is believed when it works the next time (G11)
    rows_not_synced,   ///< a transaction is reported when it is written
    opened_unsettled,  ///< what a killed process left is gone on with before it is durable
    changes_not_remembered,  ///< what changed since the last flush is in this process only
    another_boots_changes,   ///< what changed before a power cut is believed after it
    last
};
std::string_view name_of(Mutant);

#ifdef SUNDER_MUTANTS
/// The mutant that lives on this thread; set by the test that hunts it.
extern thread_local Mutant living_mutant;
inline bool mutant(Mutant which) noexcept { return living_mutant == which; }
#else
constexpr bool mutant(Mutant) noexcept { return false; }
#endif

}  // namespace sunder::emulator::media
