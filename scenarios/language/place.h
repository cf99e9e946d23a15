// SPDX-License-Identifier: BSD-3-Clause
//
// Places in a scenario file, as people count them: lines and columns (of characters, not bytes)
// from 1.
#pragma once

#include <compare>
#include <cstdint>

namespace sunder::language {

/// Where something stands in a file; both from 1.
struct Place {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    friend auto operator<=>(Place const&, Place const&) = default;
};

/// From the first character to the one behind the last.
struct Span {
    Place begin;
    Place end;
    friend bool operator==(Span const&, Span const&) = default;
};

}  // namespace sunder::language
