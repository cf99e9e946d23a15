// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder shrink`: makes a failing scenario small and writes it as a file.
#pragma once

#include <cstdint>
#include <string>

namespace sunder::tools {

struct ShrinkRequest {
    std::string path;
    std::string only_case;  ///< as `case_name()` says it; empty: the file's only one
    std::uint64_t seed = 1;
    double time_limit = 60;  ///< seconds
    std::string output_file = "shrunk.yaml";
};

int shrink(ShrinkRequest const& request);

}  // namespace sunder::tools
