// SPDX-License-Identifier: BSD-3-Clause
//
// Choosing the case, keeping the time, and telling what is left.
#include "tools/shrink_command.h"

#include "scenarios/language/load.h"
#include "scenarios/language/shrink.h"
#include "scenarios/language/write.h"
#include "tools/narrations.h"
#include "tools/report.h"
#include "tools/run_command.h"
#include "tools/scenario_paths.h"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <fstream>

namespace sunder::tools {

namespace {

using language::Scenario;

/// The case that is meant; null, with a word about it, when that is not clear.
Scenario const* choose(std::vector<Scenario> const& all, ShrinkRequest const& request) {
    if (request.only_case.empty() && all.size() == 1) return &all.front();
    auto const found = std::ranges::find_if(all, [&](Scenario const& scenario) {
        return !request.only_case.empty() && scenario.case_name() == request.only_case;
    });
    if (found != all.end()) return &*found;
    fmt::print(stderr, "error: {} has {} cases; choose one with --case:\n", request.path,
               all.size());
    for (Scenario const& scenario : all) fmt::print(stderr, "    '{}'\n", scenario.case_name());
    return nullptr;
}

}  // namespace

int shrink(ShrinkRequest const& request) {
    auto const loaded = language::load(request.path, known_names());
    if (!loaded) {
        print_diagnostics(loaded.error());
        return wrong_input;
    }
    Scenario const* scenario = choose(*loaded, request);
    if (scenario == nullptr || would_overwrite(request.output_file, {request.path})) {
        return wrong_input;
    }
    auto const began = std::chrono::steady_clock::now();
    auto const seconds = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    };
    language::ShrinkOptions options;
    options.seed = request.seed;
    options.go_on = [&] { return seconds() < request.time_limit; };
    std::optional<language::Shrunk> const shrunk = language::shrink(*scenario, options);
    if (!shrunk) {
        fmt::print(stderr, "error: {} does not fail under seed {}: there is nothing to shrink\n",
                   title_of(*scenario), request.seed);
        return wrong_input;
    }
    std::ofstream file(request.output_file);
    file << language::to_yaml(shrunk->scenario);
    file.close();
    if (!file) {
        fmt::print(stderr, "error: cannot write {}\n", request.output_file);
        return wrong_input;
    }
    fmt::print("{}: {}\n", request.output_file, shrunk->scenario.title);
    fmt::print("  {} request{}, {} fault{}, {} steps; {} attempts in {:.1f} s\n", shrunk->requests,
               shrunk->requests == 1 ? "" : "s", shrunk->faults, shrunk->faults == 1 ? "" : "s",
               shrunk->scenario.steps.size(), shrunk->attempts, seconds());
    for (language::Step const& step : shrunk->scenario.steps) fmt::print("    - {}\n", step.source);
    fmt::print("  replay: tools/run run {} --seed {}\n", request.output_file, shrunk->seed);
    return violated;
}

}  // namespace sunder::tools
