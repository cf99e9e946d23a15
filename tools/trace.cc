// SPDX-License-Identifier: BSD-3-Clause
//
// The columns of a trace: time, then a cell per node; in each cell what happened there and in which
// state it left the node.
#include "tools/trace.h"

#include "scenarios/language/play.h"
#include "tools/report.h"

#include <fmt/format.h>
#include <fstream>

namespace sunder::tools {

namespace {

constexpr int column_width = 44;

/// S source, T target, in capitals while in service; then u(p to date), c(onsistent), o(utdated),
/// i(nconsistent).
std::string state_of(netsim::NodeSim const& node) {
    if (!node.up()) return "x";
    if (node.paused) return "p";
    std::string state;
    for (netsim::CopySim const& copy : node.copies) {
        if (!copy.machine) continue;
        bool const source = copy.machine->cell().role == replication::Role::source;
        char const role = source ? 's' : 't';
        state += copy.machine->open() ? static_cast<char>(role - 'a' + 'A') : role;
        state += "iocu"[static_cast<int>(copy.machine->cell().data)];
    }
    return state;
}

}  // namespace

bool write_trace(language::Scenario const& scenario, std::uint64_t seed, std::string const& path) {
    std::ofstream file(path);
    if (!file) {
        fmt::print(stderr, "error: cannot write {}\n", path);
        return false;
    }
    file
        << title_of(scenario) << ", seed " << seed << "\n"
        << "state: S/T source/target in service (s/t not), u up to date, c consistent, o outdated, "
           "i inconsistent, x down, p paused\n";
    file << fmt::format("{:>16}", "time");
    for (netsim::NodeSetup const& node : scenario.cluster.nodes)
        file << fmt::format("  {:{}}", node.name, column_width);
    file << "\n";
    netsim::World const* world = nullptr;
    language::PlayOptions options;
    options.seed = seed;
    options.began = [&](netsim::World const& made) { world = &made; };
    options.tracer = [&](NodeId node, std::string const& what) {
        std::string line = fmt::format("{:16.6f}", static_cast<double>(world->now().ns) / 1e9);
        for (std::uint8_t n = 0; n < scenario.cluster.nodes.size(); ++n) {
            std::string const cell =
                n == node.value ? fmt::format("{} {}", state_of(world->node(node)), what) : "";
            line += fmt::format("  {:{}}", cell, column_width);
        }
        file << line.substr(0, line.find_last_not_of(' ') + 1) << "\n";
    };
    language::Outcome const outcome = language::play(scenario, options);
    file << in_words(scenario, outcome, replay_command(scenario, outcome.seed));
    file.close();
    return static_cast<bool>(file);
}

}  // namespace sunder::tools
