// SPDX-License-Identifier: BSD-3-Clause
//
// Looks at each character.
#include "emulator/names.h"

#include "base/text.h"

#include <boost/locale/utf.hpp>

#include <cstddef>

namespace sunder::emulator {

bool is_good_name(std::string_view name) {
    constexpr std::size_t longest = 32;
    using Utf8 = boost::locale::utf::utf_traits<char>;
    std::size_t characters = 0;
    for (char const* at = name.data(); at != name.data() + name.size(); ++characters) {
        auto const character = Utf8::decode(at, name.data() + name.size());
        if (!boost::locale::utf::is_valid_codepoint(character)) return false;
        if (character == '\\' || character == '/' || character == '"') return false;
    }
    if (name.starts_with(' ') || name.ends_with(' ') || printable(name) != name) return false;
    return characters > 0 && characters <= longest;
}

}  // namespace sunder::emulator
