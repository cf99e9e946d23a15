// SPDX-License-Identifier: BSD-3-Clause
//
// The properties of replication (SAF-1..SAF-23, LIV-1..LIV-8): which checker judges each, and why
// some have none. What a checker demands exactly stands in its own file.
#pragma once

#include "netsim/checkers/checker.h"

#include <span>
#include <string_view>

namespace sunder::netsim::test {

struct Property {
    std::string_view id;              ///< "SAF-1"
    std::string_view also_by{};       ///< a checker that judges it beside what it is named for
    std::string_view why_unjudged{};  ///< empty where a checker judges it
};

/// In the order of their numbers.
[[nodiscard]] std::span<Property const> properties();

/// The checker is named for the property, or judges it as well.
[[nodiscard]] bool is_judged_by(Property const&, CheckerText const&);

}  // namespace sunder::netsim::test
