// SPDX-License-Identifier: BSD-3-Clause
//
// The places where a build and an installation put it.
#include "tools/plugin_place.h"

#include <fmt/format.h>

#include <filesystem>

namespace sunder::tools {

std::expected<std::string, std::string> find_plugin() {
    namespace fs = std::filesystem;
    constexpr char const* file = "nbdkit-sunder-plugin.so";
    std::error_code failure;
    fs::path const here = fs::read_symlink("/proc/self/exe", failure).parent_path();
    std::string tried;
    for (fs::path const& place :
         {here / "../emulator/nbdkit" / file, here / "../lib/sunder" / file}) {
        fs::path const normal = place.lexically_normal();
        if (fs::exists(normal, failure)) return normal.string();
        tried += " " + normal.string();
    }
    return std::unexpected(fmt::format(
        "there is no {}; looked for{}\n  build it (ninja -C build/release), or say --plugin PATH",
        file, tried));
}

}  // namespace sunder::tools
