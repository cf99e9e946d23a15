// SPDX-License-Identifier: BSD-3-Clause
//
// A slot that nobody has any more, but for the map that a power cut would bring back, is offered to
// be emptied, and the power goes.
#pragma once

#include <string>

namespace sunder::emulator::media::test {

/// What is wrong with what is found then, in words; empty when nothing is.
std::string empty_and_lose_power();

}  // namespace sunder::emulator::media::test
