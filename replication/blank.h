// SPDX-License-Identifier: BSD-3-Clause
//
// How a copy begins that holds nothing: on a disk that was never written, or that replaces another.
#pragma once

#include "replication/config.h"

namespace sunder::replication {

/// A target that was never written (R43).
[[nodiscard]] Cell blank_target(GroupConfig const& config);

}  // namespace sunder::replication
