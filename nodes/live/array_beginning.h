// SPDX-License-Identifier: BSD-3-Clause
//
// What an array is told when it is opened: a description of it, as commands in words. It decides
// what of them is there already and stays as it is, and where the array is otherwise than it is
// described. Nothing is done here but to copies; who opens the array does what is left.
#pragma once

#include "emulator/array.h"

#include <expected>
#include <span>
#include <string>
#include <vector>

namespace sunder::live {

/// Says the words to an array, which is changed by them. False: what they add is there already. The
/// error says what is refused, or is otherwise there.
std::expected<bool, std::string> try_words(emulator::Array& array,
                                           std::span<std::string const> words);

/// Those words that are to be said to the array, in their order, without those that add what is
/// there. All are tried on a copy first: the error is the first that is refused, or contradicts
/// what is there, in words for who wrote the description. Requires an array that is at rest.
std::expected<std::vector<std::vector<std::string>>, std::string> to_be_said(
    emulator::Array array, std::vector<std::vector<std::string>> const& all);

}  // namespace sunder::live
