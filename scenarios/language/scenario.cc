// SPDX-License-Identifier: BSD-3-Clause
//
// What a case of a scenario is called.
#include "scenarios/language/scenario.h"

namespace sunder::language {

Scenario::Scenario() = default;
Scenario::Scenario(Scenario const&) = default;
Scenario::Scenario(Scenario&&) noexcept = default;
Scenario& Scenario::operator=(Scenario const&) = default;
Scenario& Scenario::operator=(Scenario&&) noexcept = default;
Scenario::~Scenario() = default;

std::string Scenario::case_name() const {
    std::string name;
    for (auto const& [parameter, value] : matrix_case) {
        if (!name.empty()) name += ", ";
        name += parameter + "=" + value;
    }
    return name;
}

std::string_view name_of_rank(unsigned rank) {
    return rank == 50 ? "p50" : rank == 90 ? "p90" : rank == 99 ? "p99" : "max";
}

}  // namespace sunder::language
