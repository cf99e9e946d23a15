// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes as text for golden tests: two figures a byte, blanks wherever they help to read.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace sunder::test {

inline std::string hex(std::span<std::byte const> bytes) {
    std::string text;
    for (std::byte const one : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(one));
    return text;
}

/// Golden text without its blanks.
inline std::string packed(std::string_view golden) {
    std::string text;
    for (char const c : golden) {
        if (c != ' ') text += c;
    }
    return text;
}

}  // namespace sunder::test
