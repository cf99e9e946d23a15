// SPDX-License-Identifier: BSD-3-Clause
//
// What a volume's map costs: of a whole copy the time, of what is mapped the memory.
#pragma once

namespace sunder::bench {

void print_array_map();

}  // namespace sunder::bench
