// SPDX-License-Identifier: BSD-3-Clause
//
// Orders of an operator: the decision over all its facts against what the field says, and in a
// world what they do, what refuses them, and that a refusal changes nothing.
#include "nodes/orders.h"

#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

#include <set>

namespace sunder::nodes {
namespace {

using Kind = Order::Kind;
using netsim::test::block;
using netsim::test::small_cluster;
using netsim::test::Stage;
using replication::LegState;

constexpr Kind kinds[] = {Kind::pause,
                          Kind::resume,
                          Kind::leave_service,
                          Kind::enter_service,
                          Kind::set_intent_log,
                          Kind::clear_intent_log,
                          Kind::enable_asynchronous,
                          Kind::use_fallback_image};

template <class Visit>
void for_all_facts(Visit&& visit) {
    for (Kind const kind : kinds) {
        for (unsigned bits = 0; bits < 512; ++bits) {
            visit(OrderFacts{kind, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
                             (bits & 8) != 0, (bits & 16) != 0, (bits & 32) != 0, (bits & 64) != 0,
                             (bits & 128) != 0, (bits & 256) != 0});
        }
    }
}

/// The fingerprints of both nodes' machines: all that decides what they will do.
std::pair<Fingerprint, Fingerprint> state(Stage& stage) {
    return {stage.world().node(Stage::server1).machine->fingerprint() ^
                stage.world().copy(Stage::server1, Stage::group)->machine->fingerprint(),
            stage.world().node(Stage::server2).machine->fingerprint() ^
                stage.world().copy(Stage::server2, Stage::group)->machine->fingerprint()};
}

replication::MirrorMachine const& machine(Stage& stage, NodeId node) {
    return *stage.world().copy(node, Stage::group)->machine;
}

constexpr replication::Slot first{0};
constexpr replication::Slot second{1};

}  // namespace

TEST_CASE("orders are granted where the manual has them, and each rule is reached") {
    std::set<OrderRule> reached;
    for_all_facts([&](OrderFacts const& facts) {
        OrderRule const rule = decide_order(facts);
        reached.insert(rule);
        if (rule != OrderRule::granted) return;
        CHECK(facts.has_copy);
        CHECK(facts.has_target);
        CHECK_FALSE(facts.in_transition);
        // R57, R97: what concerns a source is done at the source.
        bool const at_source = facts.kind == Kind::pause || facts.kind == Kind::resume ||
                               facts.kind == Kind::leave_service;
        CHECK((!at_source || facts.serves));
        // R88: no log is declared clean under a running mirror.
        CHECK((facts.kind != Kind::clear_intent_log || !facts.serves));
        // R18: without a log there is nothing to edit.
        bool const edits = facts.kind == Kind::set_intent_log ||
                           facts.kind == Kind::clear_intent_log ||
                           facts.kind == Kind::enable_asynchronous;
        CHECK((!edits || facts.intent_log));
        CHECK((facts.kind != Kind::pause || !facts.paused));
        CHECK((facts.kind != Kind::resume || facts.paused));
        // Nobody goes back in time under a source, or while hosts use the copy.
        bool const back = facts.kind == Kind::use_fallback_image;
        CHECK((!back || (facts.image && !facts.followed && !facts.serves)));
    });
    reached.insert(OrderRule::resource_failed);  // what became of an order that was granted
    for (unsigned r = 0; r < static_cast<unsigned>(OrderRule::last); ++r) {
        INFO(text_of(static_cast<OrderRule>(r)).name);
        CHECK(reached.contains(static_cast<OrderRule>(r)));
        CHECK_FALSE(text_of(static_cast<OrderRule>(r)).words.empty());
        CHECK_FALSE(text_of(static_cast<OrderRule>(r)).cites.empty());
    }
}

TEST_CASE("an order that is refused changes nothing") {
    Stage stage(small_cluster(), 1);
    stage.until_mirroring();
    stage.run_for(seconds(1));
    Order const refused[] = {
        {Kind::resume},        {Kind::clear_intent_log},      {Kind::enable_asynchronous},
        {Kind::enter_service}, {Kind::pause, Stage::server1}, {Kind::use_fallback_image}};
    for (Order const& order : refused) {
        auto const before = state(stage);
        stage.order(Stage::server1, order);
        CHECK(state(stage) == before);
    }
    Order const at_the_target[] = {{Kind::pause}, {Kind::resume}, {Kind::leave_service}};
    for (Order const& order : at_the_target) {
        auto const before = state(stage);
        stage.order(Stage::server2, order);
        CHECK(state(stage) == before);
    }
}

TEST_CASE("a pause is kept across deaths of both, and nothing of it remains after a resume") {
    Stage stage(small_cluster(), 2);
    stage.until_mirroring();
    stage.order(Stage::server1, {Kind::pause});
    stage.run_for(seconds(1));
    CHECK(stage.leg(Stage::server1) == LegState::paused);
    CHECK(stage.leg(Stage::server2) == LegState::paused);
    CHECK(machine(stage, Stage::server2).open_apart());
    stage.write(Stage::server2, block(3));
    stage.run_for(seconds(1));
    CHECK(machine(stage, Stage::server2).stable_cell().apart == replication::Apart::written);
    CHECK(machine(stage, Stage::server2).log().stable_bits(first).any());

    for (NodeId const dies : {Stage::server2, Stage::server1}) {
        stage.crash(dies);
        stage.run_for(seconds(5));
        stage.restart(dies);
        stage.run_for(seconds(30));
        CHECK(stage.leg(Stage::server1) == LegState::paused);
        CHECK(stage.leg(Stage::server2) == LegState::paused);
    }
    stage.order(Stage::server1, {Kind::resume});
    CHECK(stage.until_mirroring());
    CHECK(machine(stage, Stage::server2).cell().apart == replication::Apart::no);
    CHECK_FALSE(machine(stage, Stage::server1).cell().peers[1].paused);
    CHECK_FALSE(machine(stage, Stage::server2).open_apart());
    stage.end_well();
    CHECK_FALSE(machine(stage, Stage::server2).log().bits(first).any());
    CHECK_FALSE(machine(stage, Stage::server1).log().bits(second).any());
    INFO(stage.story());
    CHECK(stage.findings().violations().empty());
}

TEST_CASE("a target that is torn by a broken resync serves nobody while it is paused") {
    Stage stage(small_cluster(), 3);
    REQUIRE(stage.run_until([&] { return stage.resyncing(); }));
    stage.order(Stage::server1, {Kind::pause});
    stage.run_for(seconds(1));
    CHECK(stage.leg(Stage::server2) == LegState::paused);
    CHECK(machine(stage, Stage::server2).cell().data == replication::DataState::inconsistent);
    CHECK_FALSE(machine(stage, Stage::server2).open_apart());
    stage.order(Stage::server1, {Kind::resume});
    CHECK(stage.until_mirroring());
    stage.end_well();
    INFO(stage.story());
    CHECK(stage.findings().violations().empty());
}

TEST_CASE("a paused target that is forced online takes its hosts' writes along") {
    Stage stage(small_cluster(), 4);
    stage.until_mirroring();
    stage.order(Stage::server1, {Kind::pause});
    stage.run_for(seconds(1));
    stage.write(Stage::server2, block(5));
    stage.crash(Stage::server1);
    stage.run_for(seconds(10));
    CHECK_FALSE(stage.serves(Stage::server2));
    stage.force(Stage::server2);
    REQUIRE(stage.run_until([&] { return stage.serves(Stage::server2); }));
    CHECK(machine(stage, Stage::server2).cell().apart == replication::Apart::no);
    stage.end_well();
    INFO(stage.story());
    CHECK(stage.findings().violations().empty());
}

TEST_CASE("a mirror that was taken out of service stays out, also when its last source dies") {
    Stage stage(small_cluster(), 5);
    stage.until_mirroring();
    stage.order(Stage::server1, {Kind::leave_service});
    stage.run_for(seconds(2));
    CHECK_FALSE(stage.serves(Stage::server1));
    stage.crash(Stage::server1);
    stage.run_for(minutes(1));
    CHECK_FALSE(stage.serves(Stage::server2));
    // An operator may bring it in where it would have failed over.
    stage.order(Stage::server2, {Kind::enter_service});
    CHECK(stage.run_until([&] { return stage.serves(Stage::server2); }));
    stage.end_well();
    CHECK(stage.mirroring());
    INFO(stage.story());
    CHECK(stage.findings().violations().empty());
}

TEST_CASE("setting the intent log copies everything, clearing it nothing that was there before") {
    Stage stage(small_cluster(), 6);
    stage.until_mirroring();
    stage.work(Stage::server1, 10, 64, 300);
    stage.run_for(seconds(2));
    stage.order(Stage::server1, {Kind::set_intent_log});
    std::uint64_t const all = machine(stage, Stage::server1).log().chunks();
    CHECK(machine(stage, Stage::server1).log().bits(second).count() == all);
    REQUIRE(stage.run_until([&] { return stage.resyncing(); }));
    CHECK(machine(stage, Stage::server2).cell().data == replication::DataState::inconsistent);
    REQUIRE(stage.until_mirroring());

    stage.crash(Stage::server2);
    stage.run_for(seconds(5));
    stage.work(Stage::server1, 10, 64, 300);
    stage.run_for(seconds(1));
    stage.order(Stage::server1, {Kind::leave_service});
    stage.run_for(seconds(1));
    CHECK(machine(stage, Stage::server1).log().bits(second).any());
    stage.order(Stage::server1, {Kind::clear_intent_log});
    stage.run_for(seconds(1));
    CHECK_FALSE(machine(stage, Stage::server1).log().bits(second).any());
    CHECK_FALSE(machine(stage, Stage::server1).log().stable_bits(second).any());
    // The operator was wrong: the copies differ, and it does not go unnoticed.
    stage.restart(Stage::server2);
    stage.run_for(seconds(5));
    stage.order(Stage::server1, {Kind::enter_service});
    stage.end_well();
    CHECK_FALSE(stage.broken());
    CHECK(stage.allowed("mirror_equality: intent log cleared on server1") > 0);
}

TEST_CASE("a death at any moment of falling back leaves no difference that nobody knows of") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        netsim::Cluster cluster = small_cluster();
        cluster.mirrors[0].fallback_image = MiB(1);
        cluster.links[0].there.bandwidth = cluster.links[0].back.bandwidth = Bandwidth{20'000'000};
        for (netsim::NodeSetup& node : cluster.nodes) node.disk.jitter = milliseconds(3);
        Stage stage(cluster, seed);
        stage.until_mirroring();
        stage.crash(Stage::server2);
        stage.work(Stage::server1, 40, 256, 400);
        stage.run_for(milliseconds(300));
        stage.restart(Stage::server2);
        REQUIRE(stage.run_until([&] { return stage.resyncing(); }));
        stage.run_for(milliseconds(150));
        stage.cut();
        stage.run_for(seconds(2));
        stage.order(Stage::server2, {Kind::use_fallback_image});
        stage.run_for(microseconds(static_cast<std::int64_t>(stage.dice.below(12000))));
        stage.crash(Stage::server2);
        stage.end_well();
        INFO("seed " << seed << "\n" << stage.story());
        CHECK(stage.findings().violations().empty());
        CHECK(stage.mirroring());
    }
}

TEST_CASE("bits that an operator sets at the target are copied, too") {
    Stage stage(small_cluster(), 7);
    stage.until_mirroring();
    stage.run_for(seconds(2));
    stage.order(Stage::server2, {Kind::set_intent_log});
    REQUIRE(stage.run_until([&] { return stage.resyncing(); }));
    std::uint64_t const all = machine(stage, Stage::server1).log().chunks();
    CHECK(machine(stage, Stage::server1).log().bits(second).count() == all);
    stage.end_well();
    CHECK(stage.mirroring());
    CHECK_FALSE(machine(stage, Stage::server2).log().bits(first).any());
    INFO(stage.story());
    CHECK(stage.findings().violations().empty());
}

TEST_CASE("two nodes whose disks both fail keep equal copies, and the mirror where it is") {
    netsim::Cluster cluster = small_cluster();
    cluster.mirrors[0].disk_errors = replication::DiskErrors::leave_service;
    Stage stage(cluster, 8);
    stage.until_mirroring();
    netsim::DiskFaults broken;
    broken.writes = true;
    stage.disk_faults(Stage::server1, broken);
    stage.write(Stage::server1, block(3));
    REQUIRE(stage.run_until([&] { return stage.serves(Stage::server2); }));
    stage.disk_faults(Stage::server1, {});
    REQUIRE(stage.until_mirroring());
    stage.disk_faults(Stage::server2, broken);
    stage.write(Stage::server2, block(4));
    REQUIRE(stage.run_until([&] { return stage.serves(Stage::server1); }));
    stage.disk_faults(Stage::server2, {});
    stage.end_well();
    CHECK(stage.mirroring());
    INFO(stage.story());
    CHECK(stage.findings().violations().empty());
}

}  // namespace sunder::nodes
