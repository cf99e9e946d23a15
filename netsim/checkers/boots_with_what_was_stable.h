// SPDX-License-Identifier: BSD-3-Clause
//
// boots_with_what_was_stable (SAF-16): a node that boots believes what its stable storage holds and
// nothing better. Its cell is the stored one, old or new after a crash, never mixed and never
// better than that; a copy that was applying unflushed records is inconsistent. Each page of its
// intent log names what it named when it was stored; a damaged page, or one with the stamp of a
// generation that the cell does not know, names every chunk (G13). A state checker that compares
// the machine with its store right after the boot.
//
// A mirror without another copy may come in service within its boot, so it is not looked at.
#pragma once

#include "netsim/checkers/view.h"

#include <optional>
#include <string>

namespace sunder::netsim {

/// What a copy that has just booted believes and should not, after "boots with"; nothing when it
/// believes what was stored.
[[nodiscard]] std::optional<std::string> wrong_belief(CopySim const& copy);

class BootsWithWhatWasStable {
public:
    static constexpr CheckerText text{
        "boots_with_what_was_stable", "SAF-16",
        "a node boots with the cell and the intent log that were stored, and trusts no bad page"};

    void on(View& view, seen::NodeStarted const& started);
};

}  // namespace sunder::netsim
