// SPDX-License-Identifier: BSD-3-Clause
//
// The hunts: for each mutant the shortest story in which it does harm, the cluster in which it is
// played, and the checker that has to catch it.
#pragma once

#include "base/mutant.h"
#include "tests/netsim/checkers/stage.h"

#include <span>

namespace sunder::netsim::test {

struct Hunt {
    Mutant mutant;
    char const* story;
    void (*play)(Stage&);
    Cluster (*cluster)();
    char const* catcher;  ///< has to catch it
    bool alone;           ///< and nobody else does
};

/// At least one for each mutant.
[[nodiscard]] std::span<Hunt const> all_hunts();

}  // namespace sunder::netsim::test
