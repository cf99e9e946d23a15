// SPDX-License-Identifier: BSD-3-Clause
//
// To which servers a mirror is extended: the two decisions over all their facts against what the
// manual says, and in a world that a change takes hold on all servers or on none, whoever dies
// meanwhile.
#include "nodes/extension.h"

#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

#include <set>

namespace sunder::nodes {
namespace {

using Kind = Extension::Kind;
using Rule = ExtensionRule;
using netsim::test::Stage;
using replication::PeerMask;

constexpr NodeId server3{2};

template <class Visit>
void for_all_facts(Visit&& visit) {
    for (Kind const kind :
         {Kind::create, Kind::extend, Kind::unextend, Kind::remove, Kind::migrate}) {
        for (unsigned bits = 0; bits < 1U << 16; ++bits) {
            auto const is = [&](unsigned bit) { return (bits >> bit & 1) != 0; };
            visit(ExtensionFacts{kind, is(0), is(1), is(2), is(3), is(4), is(5), is(6), is(7),
                                 is(8), is(9), is(10), is(11), is(12), is(13), is(14), is(15)});
        }
    }
}

}  // namespace

TEST_CASE("a mirror is extended where the manual has it, and each refusal is reached") {
    std::set<Rule> reached;
    for_all_facts([&](ExtensionFacts const& facts) {
        Rule const rule = decide_extension(facts);
        reached.insert(rule);
        if (rule != Rule::granted) return;
        CHECK(facts.has_disk);
        CHECK_FALSE(facts.busy);
        CHECK(facts.all_reachable);  // R98: all servers hear of it
        switch (facts.kind) {
            case Kind::create:
                CHECK_FALSE(facts.extended_anywhere);
                CHECK_FALSE(facts.exported);  // R122
                CHECK(facts.large_enough);    // R5
                CHECK_FALSE(facts.never);     // R1
                break;
            case Kind::extend:
                CHECK(facts.serves);  // R93, R119
                CHECK_FALSE(facts.unmirrored);
                CHECK_FALSE(facts.extended_there);
                CHECK_FALSE(facts.priority_in_use);  // R52, R120
                break;
            case Kind::unextend:
                CHECK(facts.owner);
                CHECK(facts.extended_there);
                CHECK_FALSE(facts.serves_there);  // R94
                CHECK_FALSE(facts.is_here);
                break;
            case Kind::remove:
                CHECK(facts.owner);
                CHECK_FALSE(facts.serves_there);  // R95
                CHECK_FALSE(facts.unmirrored);
                break;
            case Kind::migrate:
                CHECK(facts.serves);
                CHECK(facts.unmirrored);
                CHECK(facts.shared);               // R118
                CHECK_FALSE(facts.other_storage);  // R117
                CHECK_FALSE(facts.exported);       // R122
                break;
        }
    });
    for (unsigned bits = 0; bits < 64; ++bits) {
        auto const is = [&](unsigned bit) { return (bits >> bit & 1) != 0; };
        JoiningFacts const facts{is(0), is(1), is(2), is(3), is(4), is(5)};
        Rule const rule = decide_joining(facts);
        reached.insert(rule);
        bool const leaves = facts.is_member && !facts.becomes_member;
        bool const joins = !facts.is_member && facts.becomes_member;
        // Nobody gives up what may be the latest data, or what hosts use.
        if (leaves && rule == Rule::granted) CHECK((facts.rests && !facts.owner));
        // R5: whoever joins begins with nothing, so that everything is copied.
        if (joins && rule == Rule::granted) CHECK((facts.blank && facts.large_enough));
        if (!leaves && !joins) CHECK(rule == Rule::granted);
    }
    reached.insert(Rule::resource_does_not_stop);  // which only trying can tell
    for (unsigned r = 0; r < static_cast<unsigned>(Rule::last); ++r) {
        INFO(text_of(static_cast<Rule>(r)).name);
        CHECK(reached.contains(static_cast<Rule>(r)));
        CHECK_FALSE(text_of(static_cast<Rule>(r)).words.empty());
        CHECK_FALSE(text_of(static_cast<Rule>(r)).cites.empty());
    }
}

namespace {

netsim::Cluster three_servers() {
    netsim::Cluster cluster = netsim::test::small_cluster();
    cluster.mirrors[0].on.push_back(netsim::test::add_node(cluster, "server3"));
    cluster.mirrors[0].priority.push_back(3);
    cluster.mirrors[0].sectors_on.resize(3, cluster.mirrors[0].sectors);
    return cluster;
}

/// To whom the mirror is extended, as the node knows it; 0 for one that is no member.
PeerMask known_to(Stage& stage, NodeId node) {
    auto const& machine = *stage.world().copy(node, Stage::group)->machine;
    PeerMask const self = replication::bit_of(machine.config().self);
    return machine.in_mirror() ? static_cast<PeerMask>(machine.peers() | self) : PeerMask{0};
}

/// Of both changes, in whose middle somebody dies: how often each took hold.
struct Tally {
    unsigned made = 0;
    unsigned not_made = 0;
};

void die_in_the_middle(std::uint64_t seed, bool leaves, Tally& tally) {
    constexpr NodeId servers[] = {Stage::server1, Stage::server2, server3};
    Stage stage(three_servers(), seed);
    netsim::World& world = stage.world();
    REQUIRE(stage.run_until([&] {
        auto const* source = world.copy(Stage::server1, Stage::group);
        return replication::state_of(source->machine->leg({2})) ==
                   replication::LegState::mirroring &&
               stage.mirroring();
    }));
    auto const change = [&](Kind kind) {
        world.edit_extension(Stage::server1, Stage::group, {kind, server3, {}});
        stage.look();
    };
    if (!leaves) {
        change(Kind::unextend);
        stage.run_for(seconds(2));
        REQUIRE(known_to(stage, Stage::server1) == 3);
    }
    for (int i = 0; i < 4; ++i)
        stage.write(Stage::server1, netsim::test::block(stage.dice.below(64)));
    change(leaves ? Kind::unextend : Kind::extend);
    stage.run_for(microseconds(static_cast<std::int64_t>(stage.dice.below(1000))));
    NodeId const victim = servers[stage.dice.below(3)];
    stage.dice.below(2) == 0 ? stage.crash(victim) : stage.power_cut(victim);
    stage.run_for(seconds(static_cast<std::int64_t>(stage.dice.below(4))));
    stage.restart(victim);
    stage.run_for(seconds(20));
    for (NodeId const node : servers) {
        if (stage.serves(node)) stage.work(node, 5, 64, 300);
    }
    stage.finish();
    INFO("seed " << seed << ", " << (leaves ? "leaves" : "joins") << ", victim "
                 << world.node(victim).name << "\n"
                 << stage.story() << world.in_words());
    CHECK_FALSE(stage.broken());
    PeerMask const agreed = known_to(stage, Stage::server1);
    CHECK((agreed == 3 || agreed == 7));
    CHECK(known_to(stage, Stage::server2) == agreed);
    CHECK(known_to(stage, server3) == (agreed == 7 ? 7 : 0));
    (agreed == (leaves ? 3 : 7) ? tally.made : tally.not_made) += 1;
}

}  // namespace

TEST_CASE("whoever dies while a server joins or leaves, all servers agree afterwards") {
    for (bool const leaves : {true, false}) {
        Tally tally;
        for (std::uint64_t seed = 1; seed <= 60; ++seed) die_in_the_middle(seed, leaves, tally);
        CHECK(tally.made > 5);  // or the deaths came too early, or too late
        CHECK(tally.not_made > 5);
    }
}

namespace {

netsim::Cluster not_created() {
    netsim::Cluster cluster = netsim::test::small_cluster();
    cluster.mirrors[0].extended = {false, false};
    return cluster;
}

void create(Stage& stage, NodeId on) {
    stage.run_for(seconds(1));
    stage.world().edit_extension(on, Stage::group, {Kind::create, on, {}});
    stage.look();
}

bool came_in(Stage& stage, NodeId node) {
    return stage.run_until([&] { return stage.serves(node); }, seconds(20));
}

/// The rule by which it stays out; empty while it is in service.
std::string_view why_out(Stage& stage, NodeId node) {
    stage.run_for(seconds(20));
    if (stage.serves(node)) return "";
    return stage.world().node(node).machine->last_rule(0)->name;
}

void on_blank_disks(Stage& stage, NodeId node) {
    stage.crash(node);
    stage.world().replace_disks(node);
    stage.look();
    stage.restart(node);
}

}  // namespace

TEST_CASE("a mirror is created once: its only copy on a blank disk stays out of service (R91)") {
    // As an operator created it, as its file has it, and as it is left when others are gone.
    SECTION("created by an operator") {
        Stage stage(not_created(), 1);
        create(stage, Stage::server1);
        REQUIRE(came_in(stage, Stage::server1));
        on_blank_disks(stage, Stage::server1);
        CHECK(why_out(stage, Stage::server1) == "only_copy_is_blank");
        CHECK(stage.story() == "");
    }
    SECTION("by its file, on any of its servers") {
        for (NodeId const node : {Stage::server1, Stage::server2}) {
            netsim::Cluster cluster = netsim::test::small_cluster();
            cluster.mirrors[0].extended = {node == Stage::server1, node == Stage::server2};
            Stage stage(cluster, 1);
            REQUIRE(came_in(stage, node));
            on_blank_disks(stage, node);
            CHECK(why_out(stage, node) == "only_copy_is_blank");
            CHECK(stage.story() == "");
            stage.force(node);
            REQUIRE(came_in(stage, node));
        }
    }
    SECTION("the last that is left, and created again once an operator has deleted it") {
        Stage stage(netsim::test::small_cluster(), 1);
        REQUIRE(stage.until_mirroring());
        netsim::World& world = stage.world();
        nodes::Order out{Order::Kind::leave_service, {}};
        stage.order(Stage::server1, out);
        stage.run_for(seconds(1));
        world.edit_extension(Stage::server1, Stage::group, {Kind::remove, Stage::server1, {}});
        stage.look();
        stage.run_for(seconds(1));
        create(stage, Stage::server2);
        REQUIRE(came_in(stage, Stage::server2));
        stage.crash(Stage::server2);
        stage.restart(Stage::server2);
        REQUIRE(came_in(stage, Stage::server2));
        on_blank_disks(stage, Stage::server2);
        CHECK(why_out(stage, Stage::server2) == "only_copy_is_blank");
        CHECK(stage.story() == "");
    }
}

TEST_CASE("whoever dies while it creates a mirror has created it afterwards, or has not begun") {
    unsigned begun = 0;
    for (int us = 0; us < 4000; us += 50) {
        Stage stage(not_created(), static_cast<std::uint64_t>(us + 1));
        create(stage, Stage::server1);
        stage.run_for(microseconds(us));
        stage.crash(Stage::server1);
        stage.restart(Stage::server1);
        INFO("after " << us << " us");
        bool const in = came_in(stage, Stage::server1);
        begun += in ? 1 : 0;
        if (in) {
            auto const& stored = stage.world().copy(Stage::server1, Stage::group)->above.stored;
            CHECK(stored.created);
            on_blank_disks(stage, Stage::server1);
            CHECK(why_out(stage, Stage::server1) == "only_copy_is_blank");
        } else {
            CHECK(why_out(stage, Stage::server1) == "not_extended");
        }
        CHECK(stage.story() == "");
    }
    CHECK(begun > 20);
}

}  // namespace sunder::nodes
