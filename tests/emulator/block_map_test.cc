// SPDX-License-Identifier: BSD-3-Clause
//
// The block map by itself: which places a plan names, what has to come before it, and how much
// memory and time a large map takes.
#include "emulator/block_map.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <ctime>

namespace sunder::emulator {
namespace {

bool any(MapId, bool) { return true; }
constexpr DiskGroupId group{1};

Plan planned(BlockMap& map, MapId id, Extent range, bool zeroes = false) {
    Planned answer = map.plan_write(id, range, zeroes, any);
    REQUIRE(std::holds_alternative<Plan>(answer));
    return std::get<Plan>(std::move(answer));
}
Plan written(BlockMap& map, MapId id, Extent range, bool zeroes = false) {
    Plan plan = planned(map, id, range, zeroes);
    map.commit(plan);
    return plan;
}
bool clean(BlockMap const& map) {
    for (std::string const& words : map.audit()) FAIL(words);
    return true;
}

TEST_CASE("a first small write after a snapshot copies nothing, and takes one slot") {
    BlockMap map;
    map.settle_always();
    MapId const volume = map.create(group, 10 * chunk_sectors);
    CHECK(written(map, volume, {0, chunk_sectors}).copies.empty());
    CHECK(planned(map, volume, {3, 50}).in_place());
    MapId const snapshot = map.snapshot(volume);
    Plan const first = written(map, volume, {16, 16});
    CHECK(first.copies.empty());
    CHECK(first.taken.size() == 1);
    // The next ones go to the same slot; in the snapshot, too, where the volume does not use it.
    Plan const second = written(map, volume, {32, 8});
    CHECK(second.copies.empty());
    CHECK(second.taken.empty());
    CHECK(written(map, snapshot, {48, 8}).taken.empty());
    CHECK(map.slots_used(group) == 2);
    CHECK(map.plan_read(volume, {0, chunk_sectors}).size() == 3);
    CHECK(clean(map));
}

TEST_CASE("a write in the middle of a shared sub-chunk copies that sub-chunk") {
    BlockMap map;
    map.settle_always();
    MapId const volume = map.create(group, chunk_sectors);
    written(map, volume, {0, chunk_sectors});
    static_cast<void>(map.snapshot(volume));
    Plan const plan = written(map, volume, {3, 11});  // a part of 0, a part of 1
    REQUIRE(plan.copies.size() == 2);
    CHECK(plan.copies[0].from == Place{group, 0, 0});
    CHECK(plan.copies[0].to == Place{group, 1, 0});
    REQUIRE(plan.puts.size() == 1);
    CHECK(plan.puts[0] == Put{{3, 11}, group, chunk_sectors + 3});
}

TEST_CASE("a part of what was never written is zeroed first, and zeroes unmap") {
    BlockMap map;
    map.settle_always();
    MapId const volume = map.create(group, chunk_sectors + 5);
    Plan const plan = written(map, volume, {1, 1});
    REQUIRE(plan.copies.size() == 1);
    CHECK(!plan.copies[0].from);
    written(map, volume, {chunk_sectors, 5});
    CHECK(map.slots_used(group) == 2);
    written(map, volume, {0, 8}, true);
    written(map, volume, {chunk_sectors, 5}, true);  // up to the end of the volume
    CHECK(map.slots_used(group) == 0);
    CHECK(map.plan_read(volume, {0, chunk_sectors + 5}) ==
          Segments{{{0, chunk_sectors + 5}, std::nullopt}});
    CHECK(clean(map));
}

TEST_CASE("a freed slot is given out again when its end is durable") {
    BlockMap map;
    MapId const volume = map.create(group, 4 * chunk_sectors);
    map.settle(map.commits());
    written(map, volume, {0, chunk_sectors});
    written(map, volume, {0, chunk_sectors}, true);
    CHECK(written(map, volume, {0, chunk_sectors}).taken[0].second == 1);
    map.settle(map.commits());
    CHECK(written(map, volume, {chunk_sectors, chunk_sectors}).taken[0].second == 0);
}

TEST_CASE("a place that a copy stopped sharing is overwritten when that is durable") {
    BlockMap map;
    MapId const volume = map.create(group, chunk_sectors);
    written(map, volume, {0, chunk_sectors});
    MapId const snapshot = map.snapshot(volume);
    map.settle(map.commits());
    written(map, volume, {0, 8});
    // In place, the write would show in the volume after a power cut.
    Planned const again = map.plan_write(snapshot, {0, 8}, false, any);
    REQUIRE(std::holds_alternative<MakeDurable>(again));
    map.settle(std::get<MakeDurable>(again).up_to);
    CHECK(planned(map, snapshot, {0, 8}).in_place());
}

TEST_CASE("a source is overwritten when its snapclone has what it lacks, durably") {
    BlockMap map;
    MapId const volume = map.create(group, chunk_sectors);
    written(map, volume, {0, chunk_sectors});
    MapId const clone = map.create(DiskGroupId{2}, chunk_sectors);
    static_cast<void>(map.link(volume, clone, LinkMode::push));
    map.settle(map.commits());
    Planned push = map.plan_write(volume, {9, 3}, false, any);
    REQUIRE(std::holds_alternative<First>(push));
    Plan const& plan = std::get<First>(push).plan;
    REQUIRE(plan.copies.size() == 1);
    CHECK(plan.copies[0].from == Place{group, 0, 1});
    CHECK(plan.copies[0].to == Place{DiskGroupId{2}, 0, 1});
    map.commit(plan);
    CHECK(std::holds_alternative<MakeDurable>(map.plan_write(volume, {9, 3}, false, any)));
    map.settle(map.commits());
    CHECK(planned(map, volume, {9, 3}).puts.size() == 1);
}

TEST_CASE("a map that grows keeps what it has") {
    BlockMap map;
    map.settle_always();
    MapId const volume = map.create(group, 5 * chunk_sectors);
    written(map, volume, {128, 128});
    map.expand(volume, 70000 * chunk_sectors);
    CHECK(map.member(volume).tree.height == 3);
    written(map, volume, {69999 * chunk_sectors, 8});
    CHECK(map.plan_read(volume, {128, 128}).front().at);
    CHECK(clean(map));
    map.drop(volume);
    while (auto const plan = map.plan_release()) map.commit(*plan);
    CHECK(map.slots_used(group) == 0);
    CHECK(map.families().empty());
}

// Sanitised builds fill a smaller map.
#ifdef SUNDER_MANY_RUNS
constexpr std::uint64_t chunks = 1 << 20;
#else
constexpr std::uint64_t chunks = 1 << 14;
#endif

TEST_CASE("64 GiB: a snapshot in under 5 ms, under 0.02 % of memory, rewrites in place") {
    // Processor time: the machine may be busy with other tests.
    auto const since = [](std::clock_t start) {
        return static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC;
    };
    BlockMap map;
    map.settle_always();
    MapId const volume = map.create(group, chunks * chunk_sectors);
    auto start = std::clock();
    for (std::uint64_t i = 0; i < chunks; ++i) {
        written(map, volume, {i * chunk_sectors, chunk_sectors});
    }
    double const fill = since(start) * 1000 / chunks;
    double const full = static_cast<double>(map.bytes()) / chunks;
    CHECK(full < 0.0002 * chunk_bytes);
    auto const rewrite = [&] {
        auto const begin = std::clock();
        std::uint64_t in_place = 0;
        for (std::uint64_t i = 0; i < chunks; ++i) {
            std::uint64_t const at = (i * 2654435761U) % chunks;
            Segments places;
            in_place += map.writes_in_place(volume, {at * chunk_sectors + 8, 8}, places);
        }
        CHECK(in_place == chunks);
        return since(begin) * 1000 / chunks;
    };
    double const alone = rewrite();
    start = std::clock();
    static_cast<void>(map.snapshot(volume));
    double const snapshot = since(start);
    CHECK(snapshot < 5000);
    for (int i = 0; i < 7; ++i) static_cast<void>(map.snapshot(volume));
    start = std::clock();
    for (std::uint64_t i = 0; i < chunks; ++i) {
        std::uint64_t const at = (i * 2654435761U) % chunks;
        written(map, volume, {at * chunk_sectors + 8, 8});
    }
    double const touch = since(start) * 1000 / chunks;
    double const with_eight = rewrite();
    // Twice as much data is mapped: what was there, and a slot for each chunk that was touched.
    double const touched = static_cast<double>(map.bytes()) / (2.0 * chunks);
    CHECK(touched < 0.0002 * chunk_bytes);
    start = std::clock();
    map.restarted();
    double const open = since(start) / 1000;
    fmt::print(
        "{} GiB: first write {:.0f} ns, {:.2f} bytes a chunk; snapshot {:.1f} us; first touch "
        "{:.0f} ns, then {:.2f} bytes a slot; rewrite {:.0f} ns alone, {:.0f} ns with 8 snapshots; "
        "read back {:.0f} ms\n",
        chunks >> 14, fill, full, snapshot, touch, touched, alone, with_eight, open);
}

}  // namespace
}  // namespace sunder::emulator
