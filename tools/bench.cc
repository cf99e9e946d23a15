// SPDX-License-Identifier: BSD-3-Clause
//
// How fast the simulator is, each figure as the median of several runs, beside what bounds it: the
// bare event queue, and the same run without checkers. Nothing here fails for being slow.
#include "netsim/exhaust/search.h"
#include "netsim/world.h"
#include "tools/bench_array_map.h"
#include "tools/bench_curve.h"
#include "tools/bench_shipped.h"
#include "tools/bench_spin.h"
#include "tools/bench_support.h"
#include "tools/crew.h"

#include <sys/resource.h>

#include <fmt/format.h>
#include <cstdio>

namespace {

using namespace sunder;
using bench::median_seconds;
using bench::play_well;
using bench::scenario_of;

language::Scenario scenario(std::string const& mirror, std::string const& workload,
                            std::string const& steps) {
    std::string const text = fmt::format(
        "scenario: bench\n"
        "cluster:\n"
        "  policy: datakeeper/faithful\n"
        "  nodes: {{server1: {{}}, server2: {{}}}}\n"
        "  network: [{{link: [server1, server2], latency: 200 us, bandwidth: 1 Gbit/s}}]\n"
        "  mirrors: {{datarep: {{{}, on: [server1, server2]}}}}\n"
        "{}"
        "steps:\n{}",
        mirror, workload.empty() ? "" : "workload: [{on: datarep, " + workload + "}]\n", steps);
    return scenario_of(text);
}

double bare_queue() {
    constexpr std::uint64_t events = 5'000'000;
    double const time = median_seconds([] {
        netsim::EventQueue queue;
        RandomStream random(1, 0, 0);
        for (std::uint32_t i = 0; i < 64; ++i)
            queue.push({static_cast<std::int64_t>(random.below(1000))}, {});
        for (std::uint64_t i = 0; i < events; ++i) {
            Duration const now = queue.next_time();
            netsim::Event const event = queue.pop();
            queue.push(now + Duration{static_cast<std::int64_t>(random.below(65536))}, event);
        }
    });
    return events / time;
}

/// The mirror workload on a world that nobody watches.
double unwatched_world(language::Scenario const& scenario) {
    std::uint64_t events = 0;
    double const time = median_seconds([&] {
        auto cluster = std::make_shared<netsim::Cluster const>(scenario.cluster);
        netsim::World world(cluster, 1);
        world.start_all();
        std::vector<netsim::Observation> seen;
        std::uint64_t asked = 0;
        auto const ask = [&] {
            std::uint64_t const block = world.choose(16384, netsim::Choice::workload, 0);
            world.ask(NodeId{0}, GroupId{0}, replication::HostOp::write, {block * 8, 8}, false,
                      world.fresh_content());
            ++asked;
        };
        bool begun = false;
        while (asked < 200'000 && world.next_time()) {
            world.advance();
            world.take_observations(seen);
            for (auto const& observation : seen) {
                if (std::holds_alternative<netsim::seen::HostAnswered>(observation)) ask();
            }
            if (!begun && world.serves(NodeId{0}, GroupId{0})) {
                begun = true;
                for (int i = 0; i < 32; ++i) ask();
            }
        }
        events = world.events();
    });
    return static_cast<double>(events) / time;
}

void report(char const* what, double value, char const* unit, double aim) {
    fmt::print("{:58} {:>14.0f} {:12} (aim {:.0f}, ratio {:.2f})\n", what, value, unit, aim,
               value / aim);
}

/// Distinct states a second of two nodes and three writes, in every order of events.
void bench_search(language::Scenario const& scenario) {
    netsim::Cluster small = scenario.cluster;
    small.mirrors[0].sectors = 2;
    small.mirrors[0].sectors_on.clear();
    small.mirrors[0].intent_log_chunk = ByteCount{sector_bytes};
    small.mirrors[0].initially_in_sync = true;
    auto const world = netsim::at_rest(std::make_shared<netsim::Cluster const>(small));
    auto const spin = bench::spin_states_per_second();
    struct Way {
        char const* words;
        bool liveness;
        unsigned jobs;
    };
    for (Way const& way : {Way{"exhaust: distinct states", false, 1},
                           Way{"exhaust: distinct states, two threads", false, 2},
                           Way{"    each asked whether it comes to rest", true, 1},
                           Way{"    each asked whether it comes to rest, two threads", true, 2}}) {
        netsim::SearchOptions options;
        options.bounds.most.writes = 3;
        options.liveness = way.liveness;
        tools::Crew crew(way.jobs);
        options.jobs = way.jobs;
        options.together = std::ref(crew);
        options.pulse = [](netsim::Reached const& so_far) { return so_far.states < 400'000; };
        netsim::SearchResult result;
        double const time = median_seconds([&] { result = netsim::search(*world, options); }, 3);
        auto const states = static_cast<double>(result.rounds.back().states);
        report(way.words, states / time, "states/s", 3e5);
        if (spin) fmt::print("{:58} {:>14.2f}\n", "    of SPIN's rate", states / time / *spin);
        report("    memory of a visited state beside the frontier",
               static_cast<double>(result.bytes) / states, "bytes", 64);
    }
    if (spin) {
        fmt::print("{:58} {:>14.0f} states/s\n", "SPIN: leader election of seven", *spin);
    } else {
        fmt::print("SPIN is not measured: it is not installed, or did not build its verifier\n");
    }
}

}  // namespace

int main() {
    // Whoever waits sees each figure when it is there.
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    double const bare = bare_queue();
    fmt::print("{:58} {:>14.0f} events/s\n", "bound: the bare event queue, 64 pending", bare);

    std::string const small = "size: 64 MiB";
    language::Scenario const busy =
        scenario(small, "write: random, block: 4 KiB, depth: 32, count: 200000",
                 "  - wait: {mirror: datarep, is: fully operational}\n  - pass: 60 s\n");
    double const unwatched = unwatched_world(busy);
    fmt::print("{:58} {:>14.0f} events/s ({:.2f} of the bare queue)\n",
               "bound: the two-node mirror, nobody watching", unwatched, unwatched / bare);

    language::Outcome outcome;
    double time = median_seconds([&] { outcome = play_well(busy); });
    report("simulated events, every checker watching",
           static_cast<double>(outcome.statistics.events) / time, "events/s", 2e6);
    report("mirrored host writes",
           static_cast<double>(outcome.statistics.writes_acknowledged) / time, "writes/s", 1e5);

    language::Scenario const first = scenario(
        small, "write: random, block: 4 KiB, rate: 100/s, count: 200",
        "  - wait: {mirror: datarep, is: fully operational}\n  - pass: 1 s\n  - crash: server1\n"
        "  - wait: {resource: datarep, in_service: server2, within: 60 s}\n  - pass: 1 s\n  - "
        "restart: server1\n"
        "  - wait: {mirror: datarep, is: fully operational, within: 5 min}\n");
    constexpr int runs = 200;
    time = median_seconds([&] {
        for (int seed = 1; seed <= runs; ++seed) play_well(first, static_cast<std::uint64_t>(seed));
    });
    report("complete runs of scenario 1 with 200 writes", runs / time, "runs/s", 1000);
    sunder::bench::print_campaign();

    language::Scenario const idle =
        scenario(small, "", "  - wait: {mirror: datarep, is: fully operational}\n  - pass: 10 h\n");
    time = median_seconds([&] { play_well(idle); });
    fmt::print("{:58} {:>14.3f} ms           (aim 10, ratio {:.2f})\n", "a 10-hour idle cluster",
               time * 1e3, 0.010 / time);

    bench_search(busy);
    sunder::bench::print_reductions();
    sunder::bench::print_curve();
    sunder::bench::print_array_map();

    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    language::Scenario const large = scenario(
        "size: 1 TiB", "", "  - wait: {mirror: datarep, is: fully operational, within: 10 h}\n");
    time = median_seconds([&] { play_well(large); });
    rusage after{};
    getrusage(RUSAGE_SELF, &after);
    fmt::print("{:58} {:>14.3f} s            (aim 5, ratio {:.2f})\n",
               "a 1 TiB full resync over 1 Gbit/s", time, 5 / time);
    fmt::print("{:58} {:>14} MiB          (aim 100; {} before it)\n",
               "largest resident set of this process", after.ru_maxrss / 1024,
               before.ru_maxrss / 1024);
    return 0;
}
