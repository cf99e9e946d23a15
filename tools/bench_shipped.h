// SPDX-License-Identifier: BSD-3-Clause
//
// What is measured on scenario files as they are shipped: how many runs a campaign makes of the
// first of them, and how many states reductions leave of what some of them bound.
#pragma once

namespace sunder::bench {

void print_campaign();
void print_reductions();

}  // namespace sunder::bench
