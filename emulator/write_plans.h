// SPDX-License-Identifier: BSD-3-Clause
//
// One map's share of a plan. Private to the block map.
#pragma once

#include "emulator/block_map.h"

namespace sunder::emulator {

struct BlockMap::Part {
    MapId map;
    Entry before;
    Entry after;
    Mask moved = no_sub_chunk;  // lie elsewhere afterwards; those of `fresh` are still to be placed
    Mask fresh = no_sub_chunk;  // need a slot that is taken for them
    Mask owned = no_sub_chunk;
    bool guarded = false;  // some of the slots may not be used before something is durable
};

}  // namespace sunder::emulator
