// SPDX-License-Identifier: BSD-3-Clause
//
// What operators see of a node, as JSON and as Prometheus' text. Keys and names of metrics are an
// interface: renaming one breaks scripts.
#pragma once

#include "nodes/live/node_driver.h"

#include <boost/json/fwd.hpp>
#include <string>

namespace sunder::live {

boost::json::object status_of(NodeDriver& node);
std::string metrics_of(NodeDriver& node);

}  // namespace sunder::live
