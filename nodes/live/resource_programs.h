// SPDX-License-Identifier: BSD-3-Clause
//
// What programs of a resource find in their environment, and stopping what stands on all mirrors
// when there is no node any more that would.
#pragma once

#include "nodes/live/node_setup.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sunder::live {

/// `mirror` is a place in the setup.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> environment_of(
    NodeSetup const& setup, std::size_t mirror, ResourceId resource);

/// Parents first, whatever comes of it, as a node does when it begins. `told` what failed, and
/// how. False: something did not stop.
bool stop_what_stands(NodeSetup const& setup, std::function<void(std::string const&)> const& told);

}  // namespace sunder::live
