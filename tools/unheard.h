// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator is told when nobody answers him.
#pragma once

#include <string>
#include <string_view>

namespace sunder::tools {

/// Says so, and why; returns how the command ends. `asked`: for what is done by one who stands
/// still as soon as he goes on.
int unheard(std::string_view command, std::string const& control, unsigned timeout,
            std::string const& why, bool asked);

}  // namespace sunder::tools
