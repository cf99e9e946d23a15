// SPDX-License-Identifier: BSD-3-Clause
//
// XXH3 over several parts without copying them together.
#include "base/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sunder {

std::uint64_t checksum(std::initializer_list<std::span<std::byte const>> parts) {
    if (parts.size() == 1) return XXH3_64bits(parts.begin()->data(), parts.begin()->size());
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (std::span<std::byte const> const part : parts) {
        XXH3_64bits_update(&state, part.data(), part.size());
    }
    return XXH3_64bits_digest(&state);
}

}  // namespace sunder
