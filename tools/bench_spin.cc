// SPDX-License-Identifier: BSD-3-Clause
//
// Building SPIN's verifier, and reading what it says.
#include "tools/bench_spin.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace sunder::bench {

namespace {

/// What a shell command prints.
std::string output_of(std::string const& command) {
    std::string text;
    std::FILE* const pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return text;
    std::array<char, 4096> part{};
    while (std::fgets(part.data(), part.size(), pipe) != nullptr) text += part.data();
    pclose(pipe);
    return text;
}

/// The number that stands before these words.
std::optional<double> number_before(std::string const& text, std::string const& words) {
    std::size_t const at = text.find(words);
    if (at == std::string::npos) return std::nullopt;
    std::size_t const line = text.rfind('\n', at) + 1;
    return std::strtod(text.substr(line, at - line).c_str(), nullptr);
}

}  // namespace

std::optional<double> spin_states_per_second() {
    if (std::system("command -v spin >/dev/null 2>&1") != 0) return std::nullopt;
    std::string where = (std::filesystem::temp_directory_path() / "sunder-spin-XXXXXX").string();
    if (mkdtemp(where.data()) == nullptr) return std::nullopt;
    std::string const build = "cd " + where +
                              " && spin -a -DN=7 " SUNDER_TOOLS
                              "/bench_leader.pml >/dev/null && "
                              "cc -O2 -DSAFETY -DNOREDUCE -DMEMLIM=4000 -o pan pan.c 2>/dev/null";
    std::optional<double> rate;
    if (std::system(build.c_str()) == 0) {
        std::array<double, 3> rates{};
        for (double& one : rates) {
            std::string const said = output_of("cd " + where + " && ./pan -m1000000 -w24");
            double const states = number_before(said, " states, stored").value_or(0);
            // Its own rate is rounded; the time it says is not.
            std::size_t const at = said.find("elapsed time ");
            double const seconds =
                at == std::string::npos ? 0 : std::strtod(said.c_str() + at + 13, nullptr);
            one = seconds > 0 ? states / seconds : 0;
        }
        std::ranges::sort(rates);
        rate = rates[1];
    }
    std::filesystem::remove_all(where);
    return rate;
}

}  // namespace sunder::bench
