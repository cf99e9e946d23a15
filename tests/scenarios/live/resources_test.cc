// SPDX-License-Identifier: BSD-3-Clause
//
// What programs of a resource do for its node, and how they are judged by what they saw.
#include "scenarios/live/resources.h"

#include "nodes/live/bounded_program.h"
#include "tests/support/scratch_folder.h"

#include <catch2/catch.hpp>

namespace sunder::staged {
namespace {

constexpr ResourceId data{0};
constexpr ResourceId db{1};
constexpr NodeId server1{0};

struct Placed {
    Placed() {
        cluster.nodes = {{"server1", {}}, {"server2", {}}};
        for (char const* name : {"data", "db"}) {
            cluster.resources.push_back({.name = name, .start = {}, .stop = {}, .recovery = {}});
            setup.resources.push_back({name, {}, {}});
        }
        netsim::MirrorSetup mirror;
        mirror.name = "datarep";
        mirror.hierarchy.create({data, nodes::ResourceKind::file_system});
        mirror.hierarchy.create({db, nodes::ResourceKind::application});
        mirror.hierarchy.create_dependency({data, std::nullopt});
        mirror.hierarchy.create_dependency({db, data});
        cluster.mirrors.push_back(mirror);
        give_programs(setup, cluster, folder.path(), {});
        resources.emplace(cluster, folder.path());
    }

    bool run(std::vector<std::string> const& program, std::string const& name) const {
        live::Bell const bell;
        return live::run_bounded(program, {{"SUNDER_RESOURCE", name}, {"SUNDER_NODE", "server1"}},
                                 seconds(60), bell)
            .ok;
    }
    using Program = std::vector<std::string> live::ResourceSetup::*;
    bool run(ResourceId id, Program program) const {
        live::ResourceSetup const& of = setup.resources[id.value];
        return run(of.*program, of.name);
    }
    bool start(ResourceId id) const { return run(id, &live::ResourceSetup::start); }
    bool stop(ResourceId id) const { return run(id, &live::ResourceSetup::stop); }
    bool check(ResourceId id) const { return run(id, &live::ResourceSetup::check); }
    std::size_t flaws() {
        netsim::Findings findings;
        resources->look(seconds(1), findings);
        return findings.violations().size();
    }

    testing::ScratchFolder folder;  // outlives what uses it
    netsim::Cluster cluster;
    live::NodeSetup setup;
    std::optional<LiveResources> resources;
};

TEST_CASE("a resource runs from its start to its stop, and fails where it is to") {
    Placed placed;
    CHECK(!placed.check(data));
    CHECK(!placed.resources->fail(server1, data));
    CHECK(placed.stop(data));  // of what does not run
    CHECK(placed.start(data));
    CHECK(placed.check(data));
    CHECK(placed.resources->fail(server1, data));
    CHECK(!placed.check(data));
    CHECK(placed.run(placed.setup.resources[0].recover, "data"));
    CHECK(placed.check(data));
    placed.resources->set_faults(server1, data, {.start = true, .stop = true, .recovery = true});
    CHECK(!placed.stop(data));
    CHECK(placed.check(data));
    CHECK(!placed.start(data));
    CHECK(!placed.run(placed.setup.resources[0].recover, "data"));
    placed.resources->set_faults(server1, data, {});
    CHECK(placed.stop(data));
    CHECK(!placed.check(data));
}

TEST_CASE("what ran on a server that died does not run any more") {
    Placed placed;
    CHECK(placed.start(data));
    placed.resources->died(server1);
    CHECK(!placed.check(data));
}

TEST_CASE("programs that are called in order are at peace (R98, R99)") {
    Placed placed;
    CHECK(placed.start(data));
    CHECK(placed.start(db));
    CHECK(placed.stop(db));
    CHECK(placed.stop(data));
    CHECK(placed.flaws() == 0);
}

TEST_CASE("whoever is started without what it needs, or stopped before what needs it, is found") {
    Placed placed;
    CHECK(placed.start(db));
    CHECK(placed.flaws() == 1);
    CHECK(placed.flaws() == 0);  // each is found once
    CHECK(placed.start(data));
    CHECK(placed.stop(data));
    CHECK(placed.flaws() == 1);
}

TEST_CASE("what works no more, or does not stop, holds up nothing (R69)") {
    Placed const placed;
    CHECK(placed.resources->flaw_of("server1 stop data data db") ==
          "server1: data is stopped before db, which needs it");
    CHECK(placed.resources->flaw_of("server1 stop data data db db.failed").empty());
    CHECK(placed.resources->flaw_of("server1 stop data data db db.stuck").empty());
    CHECK(placed.resources->flaw_of("server1 start db *") == "server1: db is started without data");
}

}  // namespace
}  // namespace sunder::staged
