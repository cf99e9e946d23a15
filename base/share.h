// SPDX-License-Identifier: BSD-3-Clause
//
// A part of a whole, in millionths: what people write as "1 %", and machines reckon with in whole
// numbers.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace sunder {

struct Share {
    std::uint32_t millionths = 0;
    static constexpr std::uint32_t whole = 1'000'000;
    friend constexpr auto operator<=>(Share, Share) = default;
};

/// Reads "1 %", "0.05 %"; at most 100 %. The error says what was wrong.
std::expected<Share, std::string> parse_share(std::string_view text);
/// All of it: "0.0001 %".
std::string to_text(Share);

}  // namespace sunder
