// SPDX-License-Identifier: BSD-3-Clause
//
// Why a case of a scenario cannot be played with real nodes: every skip is named.
#pragma once

#include "scenarios/language/scenario.h"

#include <optional>
#include <string>

namespace sunder::staged {

/// Nothing: it can. What a real node is not made for comes first, then what only a simulated disk,
/// clock or memory can do.
[[nodiscard]] std::optional<std::string> unplayable(language::Scenario const& scenario);

}  // namespace sunder::staged
