// SPDX-License-Identifier: BSD-3-Clause
//
// Looks at each character.
#include "emulator/names.h"

#include <algorithm>
#include <cstddef>

namespace sunder::emulator {

bool is_good_name(std::string_view name) {
    constexpr std::size_t longest = 40;
    // Not the C library's, which ask the locale.
    auto const is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    auto const may_follow = [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    };
    return !name.empty() && name.size() <= longest && is_letter(name.front()) &&
           std::ranges::all_of(name, may_follow);
}

}  // namespace sunder::emulator
