// SPDX-License-Identifier: BSD-3-Clause
//
// Why a request of a host fails, as clients of NBD understand it, and in words.
#pragma once

#include "emulator/io_rule.h"

#include <expected>
#include <string>
#include <string_view>

namespace sunder::emulator::media {

struct IoError {
    int number = 0;  ///< an errno
    std::string words;
};
using IoResult = std::expected<void, IoError>;

/// The array refuses it; without a name the volume is gone.
IoError refused(IoRule rule, bool write, std::string_view volume);
/// What the array itself stands on failed to `what`: "read".
IoError failed_medium(int number, std::string_view what);

}  // namespace sunder::emulator::media
