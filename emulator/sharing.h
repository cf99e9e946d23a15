// SPDX-License-Identifier: BSD-3-Clause
//
// What the other maps of a family use of one chunk's slots. Private to the block map.
#pragma once

#include "emulator/block_map.h"

namespace sunder::emulator {

struct BlockMap::Users {
    struct User {
        Slot slot = 0;
        Mask mask = no_sub_chunk;  // that must not be overwritten
        bool live = false;         // some map that was not dropped has it
    };
    boost::container::small_vector<User, 8> slots;
    std::size_t maps = 0;  // that have this chunk and were not dropped, the asking one not counted

    [[nodiscard]] User const* find(Slot slot) const {
        for (User const& user : slots) {
            if (user.slot == slot) return &user;
        }
        return nullptr;
    }
    [[nodiscard]] Mask mask_of(Slot slot) const {
        User const* const found = find(slot);
        return found == nullptr ? no_sub_chunk : found->mask;
    }
};

}  // namespace sunder::emulator
