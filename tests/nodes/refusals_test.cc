// SPDX-License-Identifier: BSD-3-Clause
//
// What operators are refused (R41, R57..R63, R87, R96, R119, R121): for each refusal a state in
// which it comes, the rule that is named, and a world that is afterwards what it was before, to the
// last bit that could ever matter.
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

#include <functional>
#include <string>

namespace sunder::netsim::test {
namespace {

using Kind = nodes::Order::Kind;

constexpr NodeId server1 = Stage::server1;
constexpr NodeId server2 = Stage::server2;
constexpr NodeId third{2};

using Play = std::function<void(Stage&)>;
using Ask = std::function<nodes::AdminId(World&)>;

struct Refusal {
    char const* when;
    Cluster (*cluster)();
    Play before;
    Ask ask;
    char const* rule;
};

/// Two servers with the mirror, and a third node that all hear.
Cluster plain() {
    Cluster cluster = small_cluster();
    add_node(cluster, "third");
    return cluster;
}
Cluster slow() {
    Cluster cluster = plain();
    cluster.links[0].there.bandwidth = cluster.links[0].back.bandwidth = Bandwidth{1'000'000};
    return cluster;
}
Cluster without_log() {
    Cluster cluster = plain();
    cluster.mirrors[0].intent_log_chunk.reset();
    return cluster;
}
/// Server 2 can hear server 1 and still be in the minority.
Cluster five_voters() {
    Cluster cluster = plain();
    add_node(cluster, "fourth");
    add_node(cluster, "fifth");
    cluster.quorum.mode = nodes::QuorumMode::majority;
    cluster.quorum.on_loss = nodes::LossAction::leave_service;
    return cluster;
}

void at_rest(Stage& stage) { REQUIRE(stage.until_mirroring()); }
void paused(Stage& stage) {
    at_rest(stage);
    stage.order(server1, {Kind::pause});
    stage.run_for(seconds(1));
}
void taken_out(Stage& stage) {
    at_rest(stage);
    stage.order(server1, {Kind::leave_service});
    REQUIRE(stage.run_until([&] { return !stage.serves(server1); }));
    stage.run_for(seconds(1));
}
void resyncing(Stage& stage) {
    REQUIRE(stage.run_until([&] { return stage.resyncing(); }));
}
void moving(Stage& stage) {
    at_rest(stage);
    stage.switch_over(server2);
}
void source_lost(Stage& stage) {
    at_rest(stage);
    stage.crash(server1);
    stage.run_for(milliseconds(1));
}
void minority(Stage& stage) {
    at_rest(stage);
    for (Vertex other = 2; other < 5; ++other) stage.world().cut(1, other, false);
    stage.look();
    stage.run_for(seconds(20));
}

Ask order(NodeId node, nodes::Order const& what) {
    return [=](World& world) { return world.order(node, Stage::group, what); };
}
Ask move_to(NodeId node) {
    return [=](World& world) { return world.switch_over(node, Stage::group); };
}
Ask force(NodeId node) {
    return [=](World& world) { return world.force_online(node, Stage::group); };
}
Ask name_loser(NodeId node) {
    return [=](World& world) { return world.resolve_split_brain(node, Stage::group); };
}
Ask confirm(NodeId node, NodeId dead) {
    return [=](World& world) { return world.confirm_failover(node, dead, true); };
}

/// A file system on the mirror, and a database on that.
Cluster with_database() {
    Cluster cluster = plain();
    for (char const* const name : {"data", "db", "more"}) {
        cluster.resources.emplace_back().name = name;
    }
    nodes::Hierarchy& above = cluster.mirrors[0].hierarchy;
    above.create({ResourceId{0}, nodes::ResourceKind::file_system});
    above.create({ResourceId{1}, nodes::ResourceKind::application, false});
    above.create_dependency({ResourceId{0}, {}});
    above.create_dependency({ResourceId{1}, ResourceId{0}});
    return cluster;
}
void all_in_service(Stage& stage) {
    at_rest(stage);
    REQUIRE(stage.run_until([&] { return stage.world().usable(server1, Stage::group); }));
}
/// The database does not start again, and an operator has begun to try.
void rising(Stage& stage) {
    all_in_service(stage);
    stage.world().set_resource_faults(server2, ResourceId{1}, {.start = true});
    stage.order(server1, {Kind::leave_service});
    stage.run_for(milliseconds(500));
}

using Edit = nodes::HierarchyEdit::Kind;
Ask edit(NodeId node, nodes::HierarchyEdit const& what) {
    return [=](World& world) { return world.edit_hierarchy(node, Stage::group, what); };
}
nodes::HierarchyEdit const new_dependency{Edit::create_dependency, {}, {{ResourceId{1}, {}}}};
nodes::HierarchyEdit const deletion{Edit::remove, {ResourceId{1}}, {}};
nodes::HierarchyEdit const creation{
    Edit::create, {ResourceId{2}}, {{ResourceId{2}, ResourceId{0}}}};
void target_gone(Stage& stage) {
    all_in_service(stage);
    stage.crash(server2);
    stage.run_for(seconds(10));
}
void being_changed(Stage& stage) {
    all_in_service(stage);
    stage.world().edit_hierarchy(server1, Stage::group, creation);
    stage.look();
}

/// A third server with a disk, to which the mirror is not extended.
Cluster with_a_spare() {
    Cluster cluster = plain();
    cluster.mirrors[0].on.push_back(third);
    cluster.mirrors[0].priority.push_back(3);
    cluster.mirrors[0].sectors_on.resize(3, cluster.mirrors[0].sectors);
    cluster.mirrors[0].extended = {true, true, false};
    return cluster;
}
Cluster with_a_small_spare() {
    Cluster cluster = with_a_spare();
    cluster.mirrors[0].sectors_on[2] = 8;
    return cluster;
}
Cluster not_created() {
    Cluster cluster = with_a_spare();
    cluster.mirrors[0].extended = {false, false, false};
    return cluster;
}
Cluster exported() {
    Cluster cluster = not_created();
    cluster.mirrors[0].exported = true;
    return cluster;
}
void booted(Stage& stage) { stage.run_for(seconds(10)); }
void two_mirror(Stage& stage) {
    REQUIRE(
        stage.run_until([&] { return stage.leg(server1) == replication::LegState::mirroring; }));
    stage.run_for(seconds(5));
}
void spare_gone(Stage& stage) {
    two_mirror(stage);
    stage.crash(third);
    stage.run_for(seconds(10));
}
void taken_out_of_two(Stage& stage) {
    two_mirror(stage);
    stage.order(server1, {Kind::leave_service});
    stage.run_for(seconds(2));
}
using Extend = nodes::Extension::Kind;
Ask extension(NodeId at, Extend kind, NodeId server, std::optional<std::uint16_t> priority = {}) {
    return [=](World& world) {
        return world.edit_extension(at, Stage::group, {kind, server, priority});
    };
}
void being_extended(Stage& stage) {
    two_mirror(stage);
    stage.world().edit_extension(server1, Stage::group, {Extend::extend, third, {}});
    stage.look();
}

std::vector<Refusal> const refusals{
    {"created again", with_a_spare, two_mirror, extension(third, Extend::create, third),
     "already_created"},
    {"created below NFS", exported, booted, extension(server1, Extend::create, server1),
     "exported_by_nfs"},
    {"extended from a target", with_a_spare, two_mirror, extension(server2, Extend::extend, third),
     "not_in_service_here"},
    {"extended from a spare", with_a_spare, two_mirror, extension(third, Extend::extend, third),
     "not_in_service_here"},
    {"extended to where it is", with_a_spare, two_mirror,
     extension(server1, Extend::extend, server2), "already_extended"},
    {"extended with another's priority", with_a_spare, two_mirror,
     extension(server1, Extend::extend, third, 2), "priority_in_use"},
    {"extended to a server that is away", with_a_spare, spare_gone,
     extension(server1, Extend::extend, third), "server_unreachable"},
    {"extended to a stranger", plain, at_rest, extension(server1, Extend::extend, third),
     "no_copy_there"},
    {"extended while it is extended", with_a_spare, being_extended,
     extension(server1, Extend::unextend, server2), "change_under_way"},
    {"unextended by a target", with_a_spare, two_mirror,
     extension(server2, Extend::unextend, server2), "not_the_owner"},
    {"unextended from a spare", with_a_spare, two_mirror,
     extension(server1, Extend::unextend, third), "not_extended"},
    {"unextended from its source", with_a_spare, two_mirror,
     extension(server1, Extend::unextend, server1), "mirror_in_service"},
    {"unextended from its owner", with_a_spare, taken_out_of_two,
     extension(server1, Extend::unextend, server1), "owner_stays"},
    {"unextended from a server that is away", plain, source_lost,
     extension(server2, Extend::unextend, server1), "not_the_owner"},
    {"deleted in service with its mirror", with_a_spare, two_mirror,
     extension(server1, Extend::remove, server1), "mirror_in_service"},
    {"deleted by a target", with_a_spare, taken_out_of_two,
     extension(server2, Extend::remove, server2), "not_the_owner"},
    {"forced where it is not extended", with_a_spare, two_mirror, force(third), "not_extended"},
    {"moved to where it is not extended", with_a_spare, two_mirror, move_to(third), "not_extended"},
    {"paused towards a spare", with_a_spare, two_mirror, order(server1, {Kind::pause, third}),
     "no_such_target"},
    {"a loser is named that has no part in it", with_a_spare, two_mirror, name_loser(third),
     "not_extended"},
    {"ordered at a spare", with_a_spare, two_mirror, order(third, {Kind::enter_service}),
     "not_extended"},
    {"changed where there is no copy", with_database, all_in_service, edit(third, creation),
     "no_copy_here"},
    {"changed by the target", with_database, all_in_service, edit(server2, creation),
     "not_the_owner"},
    {"changed while a server is away", with_database, target_gone, edit(server1, creation),
     "server_unreachable"},
    {"changed while it is changed", with_database, being_changed, edit(server1, deletion),
     "in_transition"},
    {"deleted in service", with_database, all_in_service, edit(server1, deletion),
     "still_in_service"},
    {"changed impossibly", with_database, all_in_service, edit(server1, new_dependency),
     "disk_in_use"},
    {"brought in where everything is", with_database, all_in_service,
     order(server1, {Kind::enter_service}), "already_in_service"},
    {"taken out while it stops", with_database, rising, order(server1, {Kind::leave_service}),
     "in_transition"},
    {"moved while it stops", with_database, rising, move_to(server1), "already_in_service"},
    {"moved to where it is", plain, at_rest, move_to(server1), "already_in_service"},
    {"moved while it is moved", plain, moving, move_to(server2), "in_transition"},
    {"moved from a source that is gone", plain, source_lost, move_to(server2),
     "source_unreachable"},
    {"moved while it is nowhere", plain, taken_out, move_to(server2), "nothing_in_service"},
    {"moved during a resync", slow, resyncing, move_to(server2), "resync_in_progress"},
    {"moved to a paused target", plain, paused, move_to(server2), "mirror_is_paused"},
    {"moved without quorum", five_voters, minority, move_to(server2), "no_quorum"},
    {"paused by the target", plain, at_rest, order(server2, {Kind::pause}), "not_in_service_here"},
    {"paused again", plain, paused, order(server1, {Kind::pause}), "already_paused"},
    {"paused towards a stranger", plain, at_rest, order(server1, {Kind::pause, third}),
     "no_such_target"},
    {"paused while it is moved", plain, moving, order(server2, {Kind::pause}), "in_transition"},
    {"resumed, but not paused", plain, at_rest, order(server1, {Kind::resume}), "not_paused"},
    {"taken out at the target", plain, at_rest, order(server2, {Kind::leave_service}),
     "not_in_service_here"},
    {"brought in where it is", plain, at_rest, order(server1, {Kind::enter_service}),
     "already_in_service"},
    {"brought in beside its source", plain, at_rest, order(server2, {Kind::enter_service}),
     "peer_is_source"},
    {"brought in beside its owner", plain, taken_out, order(server2, {Kind::enter_service}),
     "peer_is_last_owner"},
    {"the log is cleared in service", plain, at_rest, order(server1, {Kind::clear_intent_log}),
     "still_in_service"},
    {"a log that is not kept is set", without_log, at_rest, order(server1, {Kind::set_intent_log}),
     "no_intent_log"},
    {"made asynchronous in service", plain, at_rest,
     order(server1, {Kind::enable_asynchronous, {}, 16}), "still_in_service"},
    {"an image is used in service", plain, at_rest, order(server1, {Kind::use_fallback_image}),
     "still_in_service"},
    {"an image is used below a source", plain, at_rest, order(server2, {Kind::use_fallback_image}),
     "source_is_here"},
    {"an image is used that is not kept", plain, taken_out,
     order(server2, {Kind::use_fallback_image}), "no_fallback_image"},
    {"forced beside a source", plain, at_rest, force(server2), "force_refused_peer_serves"},
    {"forced where it is", plain, at_rest, force(server1), "already_in_service"},
    {"a loser is named without a split brain", plain, at_rest, name_loser(server2),
     "no_split_brain"},
    {"a loser is named with nobody to win", plain, source_lost, name_loser(server2),
     "winner_unreachable"},
    {"a death is confirmed that nobody asked about", plain, at_rest, confirm(server2, server1),
     "nothing_to_confirm"},
};

TEST_CASE("a refusal names its rule, and changes nothing") {
    for (Refusal const& refusal : refusals) {
        INFO(refusal.when);
        Stage stage(refusal.cluster(), 1);
        refusal.before(stage);
        World& world = stage.world();
        Fingerprint const before = world.fingerprint(Timing::any_order);
        std::optional<seen::AdminAnswered> answer;
        stage.listener = [&](Observation const& seen) {
            if (auto const* answered = std::get_if<seen::AdminAnswered>(&seen)) answer = *answered;
        };
        nodes::AdminId const request = refusal.ask(world);
        Fingerprint const after = world.fingerprint(Timing::any_order);
        stage.look();
        REQUIRE(answer);
        CHECK(answer->request == request);
        CHECK_FALSE(answer->granted);
        CHECK(answer->rule == refusal.rule);
        CHECK(before == after);
    }
}

/// Only the server itself can tell, and it answers.
TEST_CASE("a server whose disk is too small refuses, and nothing has changed anywhere") {
    Stage stage(with_a_small_spare(), 1);
    two_mirror(stage);
    World& world = stage.world();
    Fingerprint const before = world.fingerprint(Timing::any_order);
    std::optional<seen::AdminAnswered> answer;
    stage.listener = [&](Observation const& seen) {
        if (auto const* answered = std::get_if<seen::AdminAnswered>(&seen)) answer = *answered;
    };
    world.edit_extension(server1, Stage::group, {Extend::extend, third, {}});
    stage.look();
    CHECK_FALSE(answer);
    REQUIRE(stage.run_until([&] { return answer.has_value(); }));
    CHECK_FALSE(answer->granted);
    CHECK(answer->rule == "target_too_small");
    CHECK(world.fingerprint(Timing::any_order) == before);
}

TEST_CASE("what is granted is another matter: it changes something") {
    Stage stage(plain(), 1);
    at_rest(stage);
    Fingerprint const before = stage.world().fingerprint(Timing::any_order);
    stage.world().switch_over(server2, Stage::group);
    CHECK(stage.world().fingerprint(Timing::any_order) != before);
}

}  // namespace
}  // namespace sunder::netsim::test
