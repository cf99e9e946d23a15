// SPDX-License-Identifier: BSD-3-Clause
//
// What operators see of a node, as JSON. Keys are an interface: renaming one breaks scripts.
#pragma once

#include "nodes/live/node_driver.h"

#include <boost/json/fwd.hpp>

namespace sunder::live {

boost::json::object status_of(NodeDriver& node);
/// `bitmap -X` (R19): each mirror's intent logs, by the other copy.
boost::json::object intent_logs_of(NodeDriver& node);

}  // namespace sunder::live
