// SPDX-License-Identifier: BSD-3-Clause
//
// What a case of a scenario is called.
#include "scenarios/language/scenario.h"

namespace sunder::language {

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
