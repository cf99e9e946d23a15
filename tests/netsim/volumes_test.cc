// SPDX-License-Identifier: BSD-3-Clause
//
// Volumes of a mirror: where they lie, what their sectors are called, and that what one depends on
// in another is there after a failover; while two mirrors promise each other nothing.
#include "netsim/volumes.h"

#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

namespace sunder::netsim::test {
namespace {

constexpr std::uint64_t log_sectors = 256;

MirrorSetup log_and_data() {
    MirrorSetup mirror = small_cluster().mirrors[0];
    mirror.volumes = {{"log", log_sectors}, {"data", mirror.sectors - log_sectors}};
    return mirror;
}

/// A database on a stage: it writes a record of 32 KiB to its log and, as soon as that is
/// acknowledged, a page of 512 B, over and over, on volumes or mirrors of its own.
struct Database {
    struct Where {
        GroupId group;
        Extent range;
    };
    static constexpr std::uint64_t transactions = 8;
    static constexpr std::uint64_t record_sectors = 64;

    Database(Cluster cluster, std::uint64_t seed, Where log_begins, Where pages_begin)
        : stage(slow(std::move(cluster)), seed), log(log_begins), pages(pages_begin) {
        REQUIRE(stage.run_until([&] { return mirrors(log.group) && mirrors(pages.group); }));
        stage.run_for(seconds(1));
    }
    static Cluster slow(Cluster cluster) {
        for (LinkSetup& link : cluster.links) {
            link.there.bandwidth = link.back.bandwidth = Bandwidth{8'000'000};
        }
        for (MirrorSetup& mirror : cluster.mirrors) {
            mirror.mode = Mode::asynchronous;
            mirror.initially_in_sync = true;
        }
        return cluster;
    }

    [[nodiscard]] bool mirrors(GroupId group) {
        auto const& machine = stage.world().copy(server1, group)->machine;
        return machine && replication::state_of(machine->leg(replication::Slot{1})) ==
                              replication::LegState::mirroring;
    }
    [[nodiscard]] bool serves(GroupId group) { return stage.world().serves(server2, group); }
    [[nodiscard]] Where record(std::uint64_t t) const {
        return {log.group, {log.range.first + t * record_sectors, record_sectors}};
    }
    [[nodiscard]] Where page(std::uint64_t t) const {
        return {pages.group, {pages.range.first + t, 1}};
    }
    void write(Where const& where, std::uint64_t content) {
        RequestId const request = stage.world().ask(
            server1, where.group, replication::HostOp::write, where.range, false, content);
        stage.look();
        REQUIRE(stage.run_until([&] { return stage.acknowledged(request); }));
    }
    void work() {
        for (std::uint64_t t = 0; t < transactions; ++t) {
            write(record(t), 100 + t);
            write(page(t), 200 + t);
        }
    }
    /// What the dead source still had to send is lost, as behind a cut.
    void lose_source() {
        stage.cut();
        stage.crash(server1);
    }
    [[nodiscard]] bool has(Where const& where, std::uint64_t content) {
        Image const& image = stage.world().copy(server2, where.group)->disk->image();
        return image.at(where.range.end() - 1).id == content;
    }
    /// Pages that the target has without their record.
    [[nodiscard]] int inverted() {
        int found = 0;
        for (std::uint64_t t = 0; t < transactions; ++t) {
            if (has(page(t), 200 + t) && !has(record(t), 100 + t)) ++found;
        }
        return found;
    }
    void expect_clean() {
        INFO(stage.story());
        CHECK_FALSE(stage.broken());
    }

    Stage stage;
    Where log;
    Where pages;
};

/// On two volumes of one mirror.
Database on_volumes(std::uint64_t seed) {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].volumes = {{"log", 1024}, {"data", 1024}};
    return {cluster, seed, {GroupId{0}, {0, 1024}}, {GroupId{0}, {1024, 1024}}};
}

TEST_CASE("volumes lie one behind another, and a mirror without is one part") {
    MirrorSetup const mirror = log_and_data();
    CHECK(extent_of(mirror, 0) == Extent{0, 256});
    CHECK(extent_of(mirror, 1) == Extent{256, 1792});
    CHECK(parts_of(mirror) == std::vector<Extent>{{0, 256}, {256, 1792}});
    CHECK(parts_of(small_cluster().mirrors[0]) == std::vector<Extent>{{0, 2048}});
}

TEST_CASE("sectors are called after the volume that they lie in") {
    MirrorSetup const mirror = log_and_data();
    CHECK(sectors_in_words(mirror, {8, 8}) == "sectors 8..15 of volume log");
    CHECK(sectors_in_words(mirror, {264, 8}) == "sectors 8..15 of volume data");
    CHECK(sectors_in_words(mirror, {248, 16}) ==
          "sectors 248..255 of volume log and 0..7 of volume data");
    CHECK(sector_in_words(mirror, 255) == "sector 255 of volume log");
    CHECK(sector_in_words(mirror, 256) == "sector 0 of volume data");
    CHECK(sectors_in_words(small_cluster().mirrors[0], {8, 8}) == "sectors 8..15");
    CHECK(sector_in_words(small_cluster().mirrors[0], 8) == "sector 8");
}

TEST_CASE("after a failover no page is there without its record, because volumes keep one order") {
    int there = 0;
    int missing = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Database database = on_volumes(seed);
        database.work();
        database.stage.run_for(milliseconds(static_cast<std::int64_t>(seed * 10)));
        database.lose_source();
        REQUIRE(database.stage.run_until([&] { return database.serves(GroupId{0}); }));
        database.expect_clean();
        CHECK(database.inverted() == 0);
        for (std::uint64_t t = 0; t < Database::transactions; ++t) {
            bool const written = database.has(database.page(t), 200 + t);
            ++(written ? there : missing);
        }
    }
    CHECK(there > 0);
    CHECK(missing > 0);
}

/// The target was away; when `far_enough` of what it missed is back, the source dies.
template <class FarEnough>
void resync_and_die(Database& database, FarEnough far_enough) {
    database.stage.crash(server2);
    database.stage.run_for(seconds(1));
    database.work();
    database.stage.restart(server2);
    REQUIRE(database.stage.run_until(far_enough));
    database.lose_source();
    database.stage.run_for(seconds(10));
    database.expect_clean();
}

TEST_CASE("volumes of which one has been resynchronised stay out of service together") {
    Database database = on_volumes(1);
    resync_and_die(database, [&] { return database.has(database.record(0), 100); });
    CHECK_FALSE(database.has(database.page(0), 200));
    CHECK_FALSE(database.serves(GroupId{0}));
}

TEST_CASE(
    "two mirrors keep no order: one comes in service with pages that the other knows not of") {
    Cluster cluster = small_cluster();
    cluster.mirrors.push_back(cluster.mirrors[0]);
    cluster.mirrors[1].name = "pages";
    Database database(cluster, 1, {GroupId{0}, {0, 2048}}, {GroupId{1}, {0, 2048}});
    resync_and_die(database, [&] { return database.mirrors(GroupId{1}); });
    CHECK(database.inverted() > 0);
    CHECK(database.serves(GroupId{1}));
    CHECK_FALSE(database.serves(GroupId{0}));
}

}  // namespace
}  // namespace sunder::netsim::test
