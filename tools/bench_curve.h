// SPDX-License-Identifier: BSD-3-Clause
//
// What a cluster costs as it grows: events a second, memory, and what idle time costs, for 2, 10
// and 100 nodes with half as many mirrors.
#pragma once

namespace sunder::bench {

/// Measures and prints one line for each size.
void print_curve();

}  // namespace sunder::bench
