// SPDX-License-Identifier: BSD-3-Clause
//
// What disk groups, volumes and hosts may be called (arrays A1). Names go into lists, logs, the
// names of exports, and the words of commands (`NAME=VALUE`), so none is taken for anything else.
// It is the rule of scenario files and array files too (scenarios/language), so that whatever a
// command made can be described in a file.
#pragma once

#include <string_view>

namespace sunder::emulator {

/// A letter, and behind it letters, digits, `_`, `.` and `-`; of ASCII, at most 40.
[[nodiscard]] bool is_good_name(std::string_view name);

}  // namespace sunder::emulator
