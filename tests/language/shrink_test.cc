// SPDX-License-Identifier: BSD-3-Clause
//
// What remains of a scenario that fails without any mutant: a link degraded in one way of four.
#include "scenarios/language/shrink.h"

#include "scenarios/language/load.h"

#include <catch2/catch.hpp>

using namespace sunder;
using namespace sunder::language;

namespace {

Scenario too_slow() {
    auto loaded = load_text("slow.yaml", R"(
scenario: It is too slow
cluster:
  nodes: {server1: {}, server2: {}}
  network: [{link: [server1, server2], bandwidth: 1 Gbit/s, jitter: 50 us, loss: 0.1 %}]
  mirrors: {datarep: {size: 1 MiB, on: [server1, server2]}}
steps:
  - pass: 100 us
  - degrade:
      {link: [server1, server2], latency: 1 ms, jitter: 1 ms, loss: 1 %, bandwidth: 56 kbit/s}
  - pass: 1 s
  - wait: {mirror: datarep, is: fully operational, within: 30 s}
)");
    REQUIRE(loaded);
    return loaded->front();
}

}  // namespace

TEST_CASE("a link stays degraded in no more ways than the failure needs") {
    ShrinkOptions const options;
    auto const shrunk = shrink(too_slow(), options);
    REQUIRE(shrunk);
    std::vector<netsim::Degradation> found;
    for (Step const& step : shrunk->scenario.steps) {
        if (auto const* one = std::get_if<step::Degrade>(&step.action)) found.push_back(one->how);
    }
    CHECK(found == std::vector<netsim::Degradation>{{.bandwidth = Bandwidth{56'000}}});
    CHECK(shrunk->faults == 1);
    CHECK(shrunk->scenario.cluster.links[0].there.loss == Share{});
    CHECK(shrunk->scenario.cluster.links[0].back.jitter == Duration{});
}

TEST_CASE("what takes too many events stays as it is") {
    ShrinkOptions options;
    options.most_events = 0;
    auto const shrunk = shrink(too_slow(), options);
    REQUIRE(shrunk);
    CHECK(shrunk->attempts == 2);  // to see that it fails, and one that was too much
    CHECK(shrunk->scenario.steps.size() == too_slow().steps.size());
}
