// SPDX-License-Identifier: BSD-3-Clause
//
// What a rule's name means, as people read it. An order is answered with the name of the rule that
// decided about it; several decisions have rules of one name, so it matters what was ordered.
#pragma once

#include <string_view>

namespace sunder::live {

/// Empty: the name is no rule's.
std::string_view words_of_rule(std::string_view verb, std::string_view name);

}  // namespace sunder::live
