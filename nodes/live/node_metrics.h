// SPDX-License-Identifier: BSD-3-Clause
//
// What operators see of a node, as Prometheus' text. Names of metrics and their labels are an
// interface: renaming one breaks dashboards and alarms.
#pragma once

#include "nodes/live/node_driver.h"

#include <string>

namespace sunder::live {

std::string metrics_of(NodeDriver& node);

}  // namespace sunder::live
