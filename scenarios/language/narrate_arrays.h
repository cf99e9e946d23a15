// SPDX-License-Identifier: BSD-3-Clause
//
// The story of an array, one event a line, and the marks that its events leave.
#pragma once

#include "netsim/observation.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::language {

/// The line for what was noted, with the array's name; nothing for what a reader does not need.
[[nodiscard]] std::optional<std::string> narrate_array(netsim::seen::ArrayNoted const& noted,
                                                       netsim::Cluster const& cluster);
/// Empty for most.
[[nodiscard]] std::string_view array_mark_of(netsim::seen::ArrayNoted const& noted);
[[nodiscard]] std::vector<std::string> array_mark_names();
/// Rules by which arrays refuse their operators and their hosts.
[[nodiscard]] std::vector<std::string> array_rule_names();
[[nodiscard]] std::vector<std::string> array_host_rule_names();

}  // namespace sunder::language
