// SPDX-License-Identifier: BSD-3-Clause
//
// What disk groups, volumes and hosts may be called (arrays A1). Names go into lists, logs and the
// names of exports, so a line is never forged by one.
#pragma once

#include <string_view>

namespace sunder::emulator {

/// 1 to 32 characters in UTF-8, none of them a control character, one that is not seen or turns the
/// text around, backslash, slash or quote; and no blank at either end.
[[nodiscard]] bool is_good_name(std::string_view name);

}  // namespace sunder::emulator
