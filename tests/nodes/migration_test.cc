// SPDX-License-Identifier: BSD-3-Clause
//
// A database on a shared disk becomes one on a mirror while the cluster runs (R117), and something
// on a shared disk fails: in a world with everything that can come in between, what was written is
// there afterwards.
#include "replication/examine.h"
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

#include <vector>

namespace sunder::netsim::test {
namespace {

constexpr NodeId disk = Stage::server1;
constexpr NodeId remote = Stage::server2;
constexpr NodeId near{2};
constexpr NodeId partner{3};
constexpr ResourceId database{1};

/// A database on a disk that two servers share, and a server at another site.
Cluster two_sites() {
    Cluster cluster = small_cluster();
    cluster.nodes[0].shared_by = {add_node(cluster, "near"), add_node(cluster, "partner")};
    std::erase_if(cluster.links, [](LinkSetup const& link) { return link.a == 0; });
    for (char const* const name : {"data", "db"}) {
        cluster.resources.push_back(
            {name, milliseconds(20), milliseconds(20), milliseconds(10), milliseconds(100)});
    }
    nodes::Hierarchy& above = cluster.mirrors[0].hierarchy;
    above.create({ResourceId{0}, nodes::ResourceKind::file_system});
    above.create({database, nodes::ResourceKind::application});
    above.create_dependency({ResourceId{0}, {}});
    above.create_dependency({database, ResourceId{0}});
    return cluster;
}

Cluster unmirrored() {
    Cluster cluster = two_sites();
    cluster.mirrors[0].unmirrored = true;
    cluster.mirrors[0].extended = {true, false};
    return cluster;
}

bool usable_on(Stage& stage, NodeId server) {
    World& world = stage.world();
    bool const on_disk = server != remote;
    return world.usable(on_disk ? disk : remote, Stage::group) &&
           (!on_disk || world.carrier(disk) == server);
}

replication::IntentLogReport log_of(Stage& stage) {
    CopySim const& copy = *stage.world().copy(disk, Stage::group);
    return replication::examine(copy.machine->log(), {1}, copy.machine->cell(), *copy.config);
}

bool is_mirrored(Stage& stage) {
    nodes::StoredHierarchy const& stored = stage.world().copy(disk, Stage::group)->above.stored;
    return stored.version != 0 && !stored.unmirrored;
}

void change(Stage& stage, nodes::Extension::Kind kind, NodeId server) {
    stage.world().edit_extension(disk, Stage::group, {kind, server, {}});
    stage.look();
}

using Kind = nodes::Extension::Kind;

/// All servers run, and the run is over.
void end_well(Stage& stage) {
    for (NodeId const server : {near, partner, remote}) {
        if (!stage.world().node(server).up()) stage.restart(server);
    }
    stage.run_for(seconds(20));
    stage.finish();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
}

TEST_CASE("a disk is used without a mirror, migrated with what it holds, and mirrored in full") {
    Stage stage(unmirrored(), 1);
    REQUIRE(stage.run_until([&] { return usable_on(stage, near); }));
    stage.work(disk, 20, 64, 300);
    stage.run_for(seconds(1));
    CHECK(log_of(stage).set == 0);
    CHECK_FALSE(is_mirrored(stage));
    stage.crash(near);
    REQUIRE(stage.run_until([&] { return usable_on(stage, partner); }));
    stage.work(disk, 20, 64, 300);
    stage.run_for(seconds(1));
    Image const before = stage.image(disk);
    Extent const all{0, before.sectors()};

    unsigned stopped = 0;
    stage.listener = [&](Observation const& seen) {
        auto const* noted = std::get_if<seen::NodeNoted>(&seen);
        stopped += noted != nullptr && std::holds_alternative<nodes::note::LeftService>(noted->note)
                       ? 1
                       : 0;
    };
    change(stage, Kind::migrate, {});
    CHECK_FALSE(is_mirrored(stage));
    REQUIRE(stage.run_until([&] { return is_mirrored(stage); }));
    CHECK(stopped == 1);
    REQUIRE(stage.run_until([&] { return usable_on(stage, partner); }));
    CHECK(Image::same(stage.image(disk), before, all));

    change(stage, Kind::extend, remote);
    REQUIRE(stage.until_mirroring());
    stage.run_for(seconds(1));
    CHECK(Image::same(stage.image(disk), stage.image(remote), all));
    CHECK(Image::same(stage.image(remote), before, all));
    end_well(stage);
}

TEST_CASE("whoever dies during a migration, it was made or not, and nothing is lost") {
    unsigned made = 0;
    unsigned not_made = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Stage stage(unmirrored(), seed);
        INFO("seed " << seed);
        REQUIRE(stage.run_until([&] { return usable_on(stage, near); }));
        stage.work(disk, 10, 64, 300);
        change(stage, Kind::migrate, {});
        stage.run_for(microseconds(static_cast<std::int64_t>(stage.dice.below(60'000))));
        stage.dice.below(2) == 0 ? stage.crash(near) : stage.power_cut(near);
        REQUIRE(stage.run_until([&] { return usable_on(stage, partner); }));
        (is_mirrored(stage) ? made : not_made) += 1;
        stage.work(disk, 10, 64, 300);
        if (!is_mirrored(stage)) change(stage, Kind::migrate, {});
        REQUIRE(stage.run_until([&] { return is_mirrored(stage) && usable_on(stage, partner); }));
        stage.run_for(seconds(5));  // until it hears the other site
        change(stage, Kind::extend, remote);
        stage.restart(near);
        REQUIRE(stage.until_mirroring());
        stage.work(disk, 10, 64, 300);
        end_well(stage);
    }
    CHECK(made > 5);  // or the deaths came too early, or too late
    CHECK(not_made > 5);
}

TEST_CASE("a disk that is handed over during a migration is migrated first, or is not") {
    unsigned made = 0;
    unsigned not_made = 0;
    for (int after = 0; after < 60'000; after += 500) {
        Stage stage(unmirrored(), 1);
        INFO("after " << after << " us");
        REQUIRE(stage.run_until([&] { return usable_on(stage, near); }));
        stage.run_for(seconds(5));
        std::vector<seen::AdminAnswered> answers;
        stage.listener = [&](Observation const& seen) {
            if (auto const* one = std::get_if<seen::AdminAnswered>(&seen)) answers.push_back(*one);
        };
        nodes::AdminId const migration =
            stage.world().edit_extension(disk, Stage::group, {Kind::migrate, {}, {}});
        stage.run_for(microseconds(after));
        stage.world().move_shared_disk(disk, near);
        REQUIRE(stage.run_until([&] { return usable_on(stage, partner); }));
        REQUIRE(answers.size() == 2);
        seen::AdminAnswered const& first = answers[answers[0].request == migration ? 0 : 1];
        CHECK(first.granted == is_mirrored(stage));
        if (!first.granted) CHECK(first.rule == "change_under_way");
        (first.granted ? made : not_made) += 1;
        end_well(stage);
    }
    CHECK(made > 5);
    CHECK(not_made > 5);
}

/// R53, R65.
TEST_CASE("what fails on a shared disk goes to its other server, then to the other site") {
    Stage stage(two_sites(), 1);
    REQUIRE(stage.until_mirroring());
    REQUIRE(stage.run_until([&] { return usable_on(stage, near); }));
    World& world = stage.world();
    world.set_resource_faults(near, database, {.recovery = true});
    CHECK_FALSE(world.runs_at(partner, database));
    world.fail_resource(near, database);
    REQUIRE(stage.run_until([&] { return usable_on(stage, partner); }));
    stage.run_for(seconds(20));
    REQUIRE(usable_on(stage, partner));
    // Local recovery fails on the other server only.
    world.fail_resource(partner, database);
    stage.run_for(seconds(2));
    REQUIRE(usable_on(stage, partner));
    world.set_resource_faults(disk, database, {.recovery = true});
    world.fail_resource(disk, database);
    REQUIRE(stage.run_until([&] { return usable_on(stage, remote); }));
    stage.run_for(seconds(20));
    CHECK(usable_on(stage, remote));
    // Whoever boots again has a clean slate, and is not asked before an operator does.
    stage.switch_over(disk);
    REQUIRE(stage.run_until([&] { return usable_on(stage, partner); }));
    end_well(stage);
}

TEST_CASE("what fails while the other server is away goes to the other site at once") {
    Stage stage(two_sites(), 1);
    REQUIRE(stage.until_mirroring());
    REQUIRE(stage.run_until([&] { return usable_on(stage, near); }));
    stage.crash(partner);
    stage.run_for(seconds(5));
    stage.world().set_resource_faults(near, database, {.recovery = true});
    stage.world().fail_resource(near, database);
    REQUIRE(stage.run_until([&] { return usable_on(stage, remote); }));
    CHECK(stage.world().carrier(disk) == near);
    end_well(stage);
}

}  // namespace
}  // namespace sunder::netsim::test
