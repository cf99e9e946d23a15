// SPDX-License-Identifier: BSD-3-Clause
//
// What the links of a file come to for a resync: the length of its runs and its window (DESIGN 4).
#include "netsim/configure.h"

#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

constexpr std::uint64_t sectors(ByteCount bytes) { return bytes.bytes / sector_bytes; }

replication::GroupConfig over(LinkModel const& way, std::uint64_t most_run = longest_run) {
    Cluster cluster = small_cluster();
    cluster.links = {{0, 1, way, way}};
    return group_config(cluster, Network(cluster), GroupId{0}, 0, most_run);
}

}  // namespace

TEST_CASE("A run is what the link carries in 100 ms, within bounds, and the window keeps it busy") {
    // 10 MB/s: a megabyte in 100 ms, and ten thousand bytes fly in a round trip.
    replication::GroupConfig const usual = over({microseconds(500), {80'000'000}});
    CHECK(usual.run_sectors ==
          1'000'000 / sector_bytes / usual.chunk_sectors * usual.chunk_sectors);
    std::uint64_t const flying = usual.window_sectors - 2 * usual.run_sectors;
    CHECK(flying <= 10'000 / sector_bytes);
    CHECK(flying > 9'000 / sector_bytes);

    CHECK(over({microseconds(500), {56'000}}).run_sectors == sectors(KiB(64)));
    CHECK(over({microseconds(50), {40'000'000'000}}).run_sectors == sectors(MiB(16)));
}

TEST_CASE("Who bounds the runs bounds the window by as much") {
    LinkModel const fast{microseconds(50), {40'000'000'000}};
    replication::GroupConfig const free = over(fast);
    replication::GroupConfig const bound = over(fast, MiB(1).bytes);
    CHECK(bound.run_sectors == sectors(MiB(1)));
    CHECK(free.window_sectors - bound.window_sectors == 2 * (sectors(MiB(16)) - sectors(MiB(1))));
    LinkModel const slow{microseconds(50), {56'000}};
    CHECK(over(slow, MiB(1).bytes).run_sectors == over(slow).run_sectors);
}

}  // namespace sunder::netsim::test
