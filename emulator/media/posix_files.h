// SPDX-License-Identifier: BSD-3-Clause
//
// A folder of the operating system.
#pragma once

#include "emulator/media/files.h"

namespace sunder::emulator::media {

/// The folder has to exist. Errno values, as those of open(2).
std::expected<std::unique_ptr<Folder>, int> posix_folder(std::string const& path);

}  // namespace sunder::emulator::media
