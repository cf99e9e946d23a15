// SPDX-License-Identifier: BSD-3-Clause
//
// The volumes of a node's mirrors, while they are in service here.
#pragma once

#include "nodes/live/hosted.h"
#include "nodes/live/node_service.h"

namespace sunder::live {

std::unique_ptr<Hosted> host_node(std::unique_ptr<NodeService> service);

}  // namespace sunder::live
