// SPDX-License-Identifier: BSD-3-Clause
//
// The commands of an array in words. The verbs follow SSSU, the arrays' own command line (arrays
// D); what they mean, and when they are refused, is the emulator's business.
#pragma once

#include "emulator/command.h"
#include "emulator/media/faults.h"
#include "nodes/live/words.h"

#include <expected>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace sunder::live {

/// Of a fault, `volume` is by name until somebody who knows the array looks it up.
struct AddFault {
    emulator::media::Fault fault;
    std::string volume{};
};
struct RemoveFault {
    std::string name{};  ///< empty: all
};
struct ListFaults {};
struct ShowArray {};
using ArrayRequest = std::variant<emulator::Command, AddFault, RemoveFault, ListFaults, ShowArray>;

std::span<Grammar const> array_grammars();

/// "EIO", of what a fault of kind=error ends with.
std::string_view name_of_error(int number);

/// Words that add a thing by a name, or show a volume as a number, that is in use: what a
/// description of an array says again when the array is opened again. What is there stays.
bool adds_what_exists(std::span<std::string const> words, std::string_view rule);

/// All that is wrong with it, a line each.
std::expected<ArrayRequest, std::string> read_array_request(std::span<std::string const> words);

}  // namespace sunder::live
