// SPDX-License-Identifier: BSD-3-Clause
//
// Which build of Sunder this is, for results that are only comparable when one build made them.
#pragma once

#include <string>

namespace sunder::tools {

/// "build-" and a checksum of the running program; "unknown" when it cannot be read.
[[nodiscard]] std::string this_build();

}  // namespace sunder::tools
