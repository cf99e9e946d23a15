// SPDX-License-Identifier: BSD-3-Clause
//
// Whether a store that is opened again, by whoever comes after a killed process, holds the array
// that it was told of. What a host may find in its volumes is left to the rig.
#pragma once

#include "tests/emulator/media/file_medium.h"

#include <string>

namespace sunder::emulator::media::test {

/// Requires that the medium was told of everything (by `flush` or `remember`), and that no plan is
/// open. In what it differs, in words; empty when it does not.
std::string read_back(FileMedium const& medium, Array const& array);

}  // namespace sunder::emulator::media::test
