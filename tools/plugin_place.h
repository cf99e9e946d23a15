// SPDX-License-Identifier: BSD-3-Clause
//
// Where nbdkit's plugin is.
#pragma once

#include <expected>
#include <string>

namespace sunder::tools {

/// Beside this program, as it was built or installed. The error says where it was looked for.
std::expected<std::string, std::string> find_plugin();

}  // namespace sunder::tools
