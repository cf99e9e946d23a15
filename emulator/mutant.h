// SPDX-License-Identifier: BSD-3-Clause
//
// Mutants of the array: small wrong changes at the places where arrays go wrong, compiled in for
// the tests of the tests only (tests/emulator/mutants_test.cc). They are an enumeration of their
// own, because those of base/mutant.h are hunted by whoever plays clusters.
#pragma once

#include <string_view>

namespace sunder::emulator {

enum class Mutant {
    none,
    snapshot_overwritten,    ///< a write changes in place what a snapshot still reads
    shared_slot_freed,       ///< a slot is freed by the first of its users, and again by the next
    slot_reused_early,       ///< a freed slot is given out before its end is durable
    emptied_early,           ///< what lay in a freed slot goes before its end is durable
    unsettled_overwritten,   ///< a place is overwritten before it is durable that nobody reads it
    copy_forgotten,          ///< a write in the middle of a sub-chunk leaves the rest behind
    push_forgotten,          ///< a source is overwritten before its snapclone has what it lacks
    change_unmarked,         ///< what is written beside a fractured mirrorclone is not remembered
    mirror_intent_unmarked,  ///< after a power cut nobody knows where a mirror's sides may differ
    growth_uncounted,        ///< copies grow into space that there is not
    independent_too_early,   ///< a snapclone is reported to be independent while it is not
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

}  // namespace sunder::emulator
