// SPDX-License-Identifier: BSD-3-Clause
//
// Failure detection and patience, alike on all nodes of a cluster, real or simulated. Machines know
// nothing of it: their drivers keep to it, and tell them who is heard and who is silent.
#pragma once

#include "base/units.h"

#include <cstdint>

namespace sunder::nodes {

struct Detection {
    Duration interval = seconds(5);  ///< between heartbeats on a path
    std::uint32_t missed = 3;        ///< beats missed in a row until a path is silent (S41)
    Duration connection_timeout = seconds(10);  ///< a stalled connection is given up
    Duration reconnect = seconds(1);            ///< until a lost connection is tried again
    Duration boot_wait = seconds(30);  ///< how long a booted node looks for its peers (R24)
    friend bool operator==(Detection const&, Detection const&) = default;
};

}  // namespace sunder::nodes
