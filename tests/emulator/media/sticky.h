// SPDX-License-Identifier: BSD-3-Clause
//
// Whether a store believes a sync that works after one that failed (G11).
#pragma once

#include <string>

namespace sunder::emulator::media::test {

/// What is wrong, in words; empty when nothing is.
std::string try_sync_again();

}  // namespace sunder::emulator::media::test
