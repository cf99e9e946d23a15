// SPDX-License-Identifier: BSD-3-Clause
//
// The published bugs that scenarios/published replays: for each the file in which the engine as it
// ships survives it, and the wrong engines that do not.
#pragma once

#include "base/mutant.h"

#include <span>

namespace sunder::published {

struct Bug {
    char const* id;       ///< as its source calls it
    char const* source;   ///< who published it
    char const* file;     ///< in scenarios/published, without its extension
    Mutant mutant;        ///< the bug, in this engine
    char const* catcher;  ///< a checker that has to catch it
};

/// In the order in which the table is printed; a bug may have several mutants, and several files.
[[nodiscard]] std::span<Bug const> bugs();

}  // namespace sunder::published
