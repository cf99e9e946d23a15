// SPDX-License-Identifier: BSD-3-Clause
//
// Asks whoever serves, over HTTP on its control socket.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <span>
#include <string>

namespace sunder::live {

struct Said {
    unsigned status = 0;
    std::string body;
};

/// How long an answer may take; nothing: as long as it likes.
using Patience = std::optional<std::chrono::milliseconds>;
/// The error of an answer that took longer.
inline constexpr char const* too_late = "no answer in time";

/// The error says why nobody answers.
std::expected<Said, std::string> say_words(std::string const& socket, std::string const& path,
                                           std::span<std::string const> words,
                                           Patience patience = {});
std::expected<Said, std::string> look_up(std::string const& socket, std::string const& path,
                                         Patience patience = {});

}  // namespace sunder::live
