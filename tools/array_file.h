// SPDX-License-Identifier: BSD-3-Clause
//
// A file that describes an array to be served, and what it comes to: words for the array, and where
// it is heard. What the words mean is decided by who serves (nodes/live).
#pragma once

#include "emulator/profile.h"
#include "scenarios/language/diagnostic.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace sunder::tools {

struct ArrayFile {
    std::string name;
    std::string profile;
    std::optional<bool> licensed;            ///< none: yes, or as the store has it
    std::vector<emulator::Switch> switches;  ///< in which it is not as its profile
    bool as_it_is = false;                   ///< what the store has is served, whatever is said
    std::optional<std::string> store;        ///< a folder, relative to the file; none: memory
    std::string socket;                      ///< for NBD; empty: TCP
    std::string address;
    std::uint16_t port = 0;
    std::string control;
    unsigned threads = 16;
    std::optional<std::string> background_rate;
    /// In the order in which they are to be said: "add disk-group dg1 capacity=100GiB".
    std::vector<std::string> commands;
};

std::expected<ArrayFile, std::vector<language::Diagnostic>> read_array_file(
    std::string const& path);
/// The JSON Schema of such files, for editors.
std::string array_schema();

}  // namespace sunder::tools
