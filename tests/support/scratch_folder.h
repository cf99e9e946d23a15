// SPDX-License-Identifier: BSD-3-Clause
//
// A folder that a test has for itself and that is gone with it. Its path is short enough for
// sockets.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include <cstdlib>

namespace sunder::testing {

class ScratchFolder {
public:
    ScratchFolder() {
        std::string made = (std::filesystem::temp_directory_path() / "sunder-XXXXXX").string();
        REQUIRE(::mkdtemp(made.data()) != nullptr);
        path_ = made;
    }
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchFolder(ScratchFolder const&) = delete;
    ScratchFolder& operator=(ScratchFolder const&) = delete;

    [[nodiscard]] std::filesystem::path const& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace sunder::testing
