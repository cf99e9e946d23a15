// SPDX-License-Identifier: BSD-3-Clause
//
// Clusters of many pairs behind one switch, played as scenarios; their memory is that of a world at
// rest, shared out to its nodes, and what a mirror takes of it is the difference between one and
// two mirrors on each pair.
#include "tools/bench_curve.h"

#include "netsim/world.h"
#include "tools/bench_support.h"

#include <malloc.h>

#include <fmt/format.h>
#include <algorithm>
#include <memory>

namespace sunder::bench {

namespace {

constexpr unsigned writes = 100'000;  ///< of all mirrors together

language::Scenario pairs(unsigned nodes, unsigned mirrors_each, bool busy, char const* pass) {
    std::string names;
    std::string links;
    std::string mirrors;
    std::string workload;
    std::string steps;
    for (unsigned n = 0; n < nodes; ++n) {
        names += fmt::format("{}node{}: {{}}", n == 0 ? "" : ", ", n);
        links +=
            fmt::format("    - {{link: [node{}, lan], latency: 100 us, bandwidth: 1 Gbit/s}}\n", n);
    }
    unsigned const count = nodes / 2 * mirrors_each;
    for (unsigned m = 0; m < count; ++m) {
        unsigned const pair = m % (nodes / 2);
        mirrors += fmt::format("    mirror{}: {{size: 16 MiB, on: [node{}, node{}]}}\n", m,
                               2 * pair, 2 * pair + 1);
        workload +=
            fmt::format("  - {{on: mirror{}, write: random, block: 4 KiB, depth: 8, count: {}}}\n",
                        m, writes / count);
        steps += fmt::format("  - wait: {{mirror: mirror{}, is: fully operational}}\n", m);
    }
    std::string const text = fmt::format(
        "scenario: curve\ncluster:\n  policy: datakeeper/faithful\n  nodes: {{{}}}\n"
        "  switches: [lan]\n  network:\n{}  mirrors:\n{}{}steps:\n{}  - pass: {}\n",
        names, links, mirrors, busy ? "workload:\n" + workload : "", steps, pass);
    return scenario_of(text);
}

/// Seconds, the median of three; `events` of the last.
double played(language::Scenario const& scenario, std::uint64_t& events) {
    return median_seconds([&] { events = play_well(scenario).statistics.events; }, 3);
}

/// Bytes of a world in which nothing is pending.
double memory_of(language::Scenario const& scenario) {
    auto const cluster = std::make_shared<netsim::Cluster const>(scenario.cluster);
    netsim::World::release_spares();
    auto const before = mallinfo2();
    auto world = std::make_unique<netsim::World>(cluster, 1);
    world->start_all();
    std::vector<netsim::Observation> seen;
    while (world->next_time()) {
        world->advance();
        world->take_observations(seen);
    }
    netsim::World::release_spares();
    auto const after = mallinfo2();
    return static_cast<double>(after.uordblks + after.hblkhd) -
           static_cast<double>(before.uordblks + before.hblkhd);
}

}  // namespace

void print_curve() {
    fmt::print("{:>6} {:>8} {:>12} {:>14} {:>14} {:>14} {:>14}\n", "nodes", "mirrors", "events/s",
               "KiB a node", "KiB a mirror", "start-up", "10 idle hours");
    for (unsigned const nodes : {2U, 10U, 100U}) {
        unsigned const mirrors = nodes / 2;
        std::uint64_t events = 0;
        double const busy = played(pairs(nodes, 1, true, "60 s"), events);
        double const rate = static_cast<double>(events) / busy;
        double const start = played(pairs(nodes, 1, false, "1 s"), events);
        double const idle = played(pairs(nodes, 1, false, "10 h"), events);
        double const one = memory_of(pairs(nodes, 1, false, "1 s"));
        double const two = memory_of(pairs(nodes, 2, false, "1 s"));
        double const mirror = (two - one) / mirrors;
        fmt::print("{:>6} {:>8} {:>12.0f} {:>14.1f} {:>14.1f} {:>11.3f} ms {:>11.3f} ms\n", nodes,
                   mirrors, rate, one / nodes / 1024, mirror / 1024, start * 1e3,
                   std::max(0.0, idle - start) * 1e3);
    }
}

}  // namespace sunder::bench
