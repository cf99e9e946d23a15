// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder play`: a cluster in the terminal, a word at a time. It understands short words and, for
// everything else, the steps of scenario files; what is played is kept and saved as one.
#pragma once

#include <cstdint>
#include <string>

namespace sunder::tools {

struct PlayRequest {
    std::string path;
    std::string only_case;  ///< as `case_name()` says it; empty: the first
    std::uint64_t seed = 1;
    bool with_steps = false;  ///< begins where the steps of the file end
    std::string output_file;  ///< empty: the first of drill.yaml, drill-2.yaml... that is free
};

/// Reads words from standard input until it ends.
int play(PlayRequest const& request);

/// The step, as in a file, that short words mean: "cut a b" is "cut: [a, b]". What is none of
/// them is taken for a step already: "crash a" and "crash: a" are the same.
[[nodiscard]] std::string step_of(std::string const& words);

}  // namespace sunder::tools
