// SPDX-License-Identifier: BSD-3-Clause
//
// Small services on text for error messages and reports.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder {

/// "a, b, c".
std::string join(std::span<std::string const> words, std::string_view between = ", ");

/// The text without what would disturb a terminal or deceive a reader: bytes that are no UTF-8,
/// control characters, and characters that turn the text around or cannot be seen, as \xNN.
std::string printable(std::string_view text);

/// The candidate that `word` was probably meant to be: the nearest by edit distance (insert,
/// delete, replace, swap of neighbours), if it is near enough to be worth suggesting.
std::optional<std::string> did_you_mean(std::string_view word,
                                        std::span<std::string const> candidates);

}  // namespace sunder
