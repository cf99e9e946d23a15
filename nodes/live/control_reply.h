// SPDX-License-Identifier: BSD-3-Clause
//
// What answers to operators are made of, and how their words arrive: a list of words in JSON.
#pragma once

#include "nodes/live/control_server.h"

#include <boost/json/fwd.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::live {

ControlReply reply(unsigned status, boost::json::object const& body);
/// {"error": words}.
ControlReply wrong(unsigned status, std::string_view words);

/// The error says what is expected.
std::expected<std::vector<std::string>, std::string> read_words(std::string const& body);

}  // namespace sunder::live
