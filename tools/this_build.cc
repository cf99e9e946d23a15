// SPDX-License-Identifier: BSD-3-Clause
//
// The program's own file.
#include "tools/this_build.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fstream>
#include <vector>

namespace sunder::tools {

std::string this_build() {
    std::ifstream in("/proc/self/exe", std::ios::binary);
    XXH64_state_t sum;
    XXH64_reset(&sum, 0);
    std::vector<char> piece(1 << 20);
    std::size_t whole = 0;
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
        auto const got = static_cast<std::size_t>(in.gcount());
        XXH64_update(&sum, piece.data(), got);
        whole += got;
    }
    if (whole == 0) return "unknown";
    return fmt::format("build-{:016x}", XXH64_digest(&sum));
}

}  // namespace sunder::tools
