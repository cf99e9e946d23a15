// SPDX-License-Identifier: BSD-3-Clause
//
// JSON in, JSON out: how words are read, and answers are made.
#include "nodes/live/control_reply.h"

#include <boost/json.hpp>

namespace sunder::live {

namespace json = boost::json;

ControlReply reply(unsigned status, json::object const& body) {
    return {status, json::serialize(body) + "\n"};
}

ControlReply wrong(unsigned status, std::string_view words) {
    return reply(status, {{"error", json::string(words)}});
}

std::expected<std::vector<std::string>, std::string> read_words(std::string const& body) {
    boost::system::error_code failure;
    json::value const parsed = json::parse(body, failure);
    std::vector<std::string> words;
    bool usable = !failure && parsed.is_array();
    if (usable) {
        for (json::value const& word : parsed.as_array()) {
            usable = usable && word.is_string();
            if (usable) words.emplace_back(word.as_string());
        }
    }
    if (usable) return words;
    return std::unexpected(R"(expected a list of words, such as ["add", "host", "web1"])");
}

}  // namespace sunder::live
