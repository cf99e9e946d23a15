// SPDX-License-Identifier: BSD-3-Clause
//
// Where the requests of a workload go on a mirror with volumes, and what follows a write.
#include "netsim/volumes.h"
#include "scenarios/language/load.h"
#include "scenarios/language/play.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <vector>

using namespace sunder;
using namespace sunder::language;
namespace seen = netsim::seen;

namespace {

/// Its log is not a whole number of pages long.
Scenario with_workload(std::string const& workload) {
    std::string const text = fmt::format(
        "scenario: test\n"
        "cluster:\n"
        "  nodes: {{server1: {{}}, server2: {{}}}}\n"
        "  network: [{{link: [server1, server2], bandwidth: 1 Gbit/s}}]\n"
        "  mirrors: {{db: {{volumes: {{log: 20 KiB, data: 64 KiB}}, on: [server1, server2],\n"
        "                 intent_log: 4 KiB, initially: in sync}}}}\n"
        "workload: [{{on: db, {}}}]\n"
        "steps: [wait: {{mirror: db, is: fully operational}}, pass: 1 s]\n",
        workload);
    auto loaded = load_text("test.yaml", text);
    if (!loaded) FAIL(to_text(loaded.error()));
    return loaded->front();
}

struct Asked {
    RequestId id;
    Extent range;
    bool answered = false;
};

/// Every request of the run, in order; `look` sees the list when one more has been asked.
template <class Look>
std::vector<Asked> requests_of(Scenario const& scenario, Look look) {
    std::vector<Asked> requests;
    PlayOptions options;
    options.watch = [&](netsim::World const&, netsim::Observation const& observation) {
        if (auto const* asked = std::get_if<seen::HostAsked>(&observation)) {
            look(*asked, requests);
            requests.push_back({asked->request, asked->range});
        } else if (auto const* answer = std::get_if<seen::HostAnswered>(&observation)) {
            std::ranges::find(requests, answer->request, &Asked::id)->answered = true;
        }
    };
    Outcome const outcome = play(scenario, options);
    CHECK(outcome.result == Result::held);
    return requests;
}
std::vector<Asked> requests_of(Scenario const& scenario) {
    return requests_of(scenario, [](auto const&, auto const&) {});
}

constexpr Extent log_volume{0, 40};
constexpr Extent data_volume{40, 128};

}  // namespace

TEST_CASE("A workload on a volume stays in it") {
    for (auto const& [name, volume] : {std::pair{"log", log_volume}, {"data", data_volume}}) {
        for (char const* const order : {"random", "sequential"}) {
            auto const requests = requests_of(with_workload(fmt::format(
                "volume: {}, write: {}, depth: 2, count: 200, reads_percent: 30", name, order)));
            CHECK(requests.size() == 200);
            std::map<std::uint64_t, int> places;
            for (Asked const& one : requests) {
                CHECK(volume.contains(one.range));
                ++places[one.range.first];
            }
            CHECK(places.size() == volume.count / 8);
        }
    }
}

TEST_CASE("A workload on a mirror uses all its volumes, and no request lies in two") {
    for (char const* const order : {"random", "sequential"}) {
        auto const requests = requests_of(
            with_workload(fmt::format("write: {}, block: 16 KiB, depth: 2, count: 200", order)));
        std::map<std::uint64_t, int> places;
        for (Asked const& one : requests) {
            CHECK((log_volume.contains(one.range) || data_volume.contains(one.range)));
            ++places[one.range.first];
        }
        // One block in the log, whose last quarter holds none, and four in the data.
        CHECK(places.size() == 5);
        CHECK(places.contains(0));
        CHECK(places.contains(40));
    }
}

TEST_CASE("What follows a write is asked for when that one is acknowledged, once each") {
    std::size_t most_open = 0;
    int followed = 0;
    auto const look = [&](seen::HostAsked const& asked, std::vector<Asked> const& before) {
        auto const open =
            static_cast<std::size_t>(std::ranges::count(before, false, &Asked::answered));
        most_open = std::max(most_open, open + 1);
        auto const in = [&](Extent volume, bool answered) {
            return std::ranges::count_if(before, [&](Asked const& one) {
                return volume.contains(one.range) && (one.answered || !answered);
            });
        };
        if (!data_volume.contains(asked.range)) return;
        ++followed;
        // So many records are acknowledged as there are pages, this one among them.
        CHECK(in(log_volume, true) >= in(data_volume, false) + 1);
        CHECK(asked.range.count == 16);
    };
    auto const requests =
        requests_of(with_workload("write: sequential, volume: log, depth: 3, count: 50, "
                                  "then: {volume: data, block: 8 KiB}"),
                    look);
    CHECK(followed == 50);
    CHECK(requests.size() == 100);
    CHECK(most_open == 3);
}

TEST_CASE("Nothing follows a read, nor a write that failed") {
    Scenario reads =
        with_workload("volume: log, reads_percent: 50, depth: 1, count: 100, then: {volume: data}");
    auto const requests = requests_of(reads);
    CHECK(requests.size() > 100);
    CHECK(requests.size() < 200);
    Scenario failing =
        with_workload("volume: log, depth: 1, count: 9, started: yes, then: {volume: data}");
    failing.workload[0].started = false;
    failing.steps.push_back({step::FailDisk{NodeId{0}, false, true, false}, {}, "fail_disk"});
    failing.steps.push_back({step::StartWorkload{0}, {}, "start_workload"});
    failing.steps.push_back({step::Pass{seconds(1)}, {}, "pass"});
    auto const refused = requests_of(failing);
    CHECK(refused.size() == 9);
}
