// SPDX-License-Identifier: BSD-3-Clause
//
// Asks whoever serves, over HTTP on its control socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sunder::live {

struct Said {
    unsigned status = 0;
    std::string body;
};

/// How long all of an answer may take; nothing: as long as it likes.
using Patience = std::optional<std::chrono::milliseconds>;
/// The error of an answer that took longer.
inline constexpr char const* too_late = "no answer in time";

/// The error says why nobody answers.
std::expected<Said, std::string> say_words(std::string const& socket, std::string const& path,
                                           std::span<std::string const> words,
                                           Patience patience = {});
std::expected<Said, std::string> look_up(std::string const& socket, std::string const& path,
                                         Patience patience = {});

/// Reads /events behind the one called `after`, those that are there, or all that come. `told` is
/// given the data of each, and by which kind it goes: empty, or "gap". Ends when the other side
/// ends it; the error says what was wrong before. Those that come may take as long as they like,
/// once the other side has begun to answer.
std::expected<void, std::string> follow_events(
    std::string const& socket, std::uint64_t after, bool follow,
    std::function<void(std::string_view kind, std::string_view data)> const& told,
    Patience patience = {});

}  // namespace sunder::live
