// SPDX-License-Identifier: BSD-3-Clause
//
// How long checkers that have deadlines wait, generously: hosts write beside what they wait for,
// and what they find is something that stalls, not something that is slow.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

/// For a resync between the two, through the network as it is: twenty times as long as the slowest
/// of link, disks and the limits of its rate (R47) needs for all that may be copied, and ten
/// seconds, and a hundred round trips, and three settlings; and by as much later as clocks were set
/// back.
[[nodiscard]] Duration resync_bound(View const& view, GroupId group, NodeId source, NodeId target);

/// What some node waits for comes as late as if it had begun to wait then, as its clock was set
/// back (FLT-11).
[[nodiscard]] Duration late_until(View const& view);

}  // namespace sunder::netsim
