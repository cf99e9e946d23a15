// SPDX-License-Identifier: BSD-3-Clause
//
// Looking for scenarios, and loading them.
#include "tools/scenario_paths.h"

#include "scenarios/language/load.h"
#include "tools/narrations.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

namespace sunder::tools {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> below(std::string const& folder) {
    std::vector<std::string> found;
    std::error_code error;
    fs::recursive_directory_iterator entry(folder, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        fs::path const file = entry->path();
        bool const yaml = file.extension() == ".yaml" || file.extension() == ".yml";
        // A cluster that several scenarios include is not one itself.
        bool const scenario = yaml && file.stem().extension() != ".cluster";
        std::error_code unknown;
        if (scenario && entry->is_regular_file(unknown)) found.push_back(file.string());
    }
    if (error) {
        fmt::print(stderr, "error: {} cannot be read: {}\n", folder, error.message());
        return {};
    }
    if (found.empty()) {
        fmt::print(stderr, "error: there is no scenario (*.yaml) in {}\n", folder);
    }
    std::ranges::sort(found);
    return found;
}

/// As it is called from here: a file is the same one however it was named.
std::string from_here(fs::path const& file) {
    fs::path const normal = file.lexically_normal();
    if (!normal.is_absolute()) return normal.string();
    std::error_code error;
    fs::path const here = normal.lexically_relative(fs::current_path(error));
    bool const below_here = !error && !here.empty() && *here.begin() != "..";
    return below_here ? here.string() : normal.string();
}

}  // namespace

std::vector<std::string> scenario_files(std::vector<std::string> const& paths) {
    std::vector<std::string> files;
    std::set<fs::path> seen;
    for (std::string const& path : paths) {
        std::error_code error;
        std::vector<std::string> found{path};
        if (fs::is_directory(path, error)) {
            found = below(path);
            if (found.empty()) return {};
        } else if (!fs::exists(path, error)) {
            fmt::print(stderr, "error: {} is neither a scenario file nor a folder\n", path);
            return {};
        }
        for (std::string& file : found) {
            if (seen.insert(fs::weakly_canonical(file, error)).second)
                files.push_back(from_here(file));
        }
    }
    return files;
}

bool would_overwrite(std::string const& output, std::vector<std::string> const& scenarios) {
    bool const lost = std::ranges::any_of(scenarios, [&](std::string const& scenario) {
        std::error_code error;
        return !output.empty() && std::filesystem::equivalent(output, scenario, error);
    });
    if (lost) {
        fmt::print(stderr, "error: {} is the scenario itself: name another file for the output\n",
                   output);
    }
    return lost;
}

std::vector<language::Scenario> load_cases(std::vector<std::string> const& paths,
                                           std::string const& only_case,
                                           std::vector<std::string> const& outputs) {
    std::vector<std::string> const files = scenario_files(paths);
    for (std::string const& output : outputs) {
        if (would_overwrite(output, files)) return {};
    }
    language::KnownNames const known = known_names();
    std::vector<language::Scenario> scenarios;
    bool wrong = false;
    for (std::string const& file : files) {
        auto loaded = language::load(file, known);
        if (!loaded) {
            print_diagnostics(loaded.error());
            wrong = true;
            continue;
        }
        for (language::Scenario& scenario : *loaded) {
            if (!only_case.empty() && scenario.case_name() != only_case) continue;
            scenarios.push_back(std::move(scenario));
        }
    }
    if (wrong) return {};
    if (scenarios.empty() && !files.empty()) {
        fmt::print(stderr, "error: no case is called '{}'; `sunder list` shows them all\n",
                   only_case);
    }
    return scenarios;
}

}  // namespace sunder::tools
