// SPDX-License-Identifier: BSD-3-Clause
//
// How findings are kept: the first violation of each property, and how often each allowance was
// made.
#include "netsim/checkers/checker.h"

#include <algorithm>

namespace sunder::netsim {

void Findings::violated(std::string_view property, std::string_view rule, Duration at,
                        std::string story) {
    bool const known = std::ranges::any_of(
        violations_, [&](Violation const& violation) { return violation.property == property; });
    if (known) return;
    violations_.push_back({std::string(property), std::string(rule), at, std::move(story)});
}

void Findings::allowed(std::string_view property, std::string const& what, std::uint64_t count) {
    if (count != 0) allowed_[std::string(property) + ": " + what] += count;
}

}  // namespace sunder::netsim
