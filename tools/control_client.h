// SPDX-License-Identifier: BSD-3-Clause
//
// Asks whoever serves, over HTTP on its control socket.
#pragma once

#include <expected>
#include <span>
#include <string>

namespace sunder::tools {

struct Said {
    unsigned status = 0;
    std::string body;
};

/// The error says why nobody answers.
std::expected<Said, std::string> say_words(std::string const& socket, std::string const& path,
                                           std::span<std::string const> words);
std::expected<Said, std::string> look_up(std::string const& socket, std::string const& path);

}  // namespace sunder::tools
