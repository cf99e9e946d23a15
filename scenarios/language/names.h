// SPDX-License-Identifier: BSD-3-Clause
//
// The names a scenario may use that the language does not own: checkers, marks and rules belong to
// the rooms that define them, and are handed to the loader by whoever knows them all.
#pragma once

#include <string>
#include <vector>

namespace sunder::language {

/// An empty list accepts any name.
struct KnownNames {
    std::vector<std::string> checkers;
    std::vector<std::string> marks;
    std::vector<std::string> rules;
};

}  // namespace sunder::language
