// SPDX-License-Identifier: BSD-3-Clause
//
// What operators are refused (R41, R57..R63, R87, R94..R98, R112..R122): for each refusal a state
// in which it comes, the rule that is named, and a world that is afterwards what it was before, to
// the last bit that could ever matter.
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

#include <functional>
#include <string>

namespace sunder::netsim::test {
namespace {

using Kind = nodes::Order::Kind;

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
void all_out_of_service(Stage& stage) {
    all_in_service(stage);
    stage.order(server1, {Kind::leave_service});
    stage.run_for(seconds(10));
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

/// Server 1 becomes a disk that two more servers share.
Cluster shared(Cluster cluster) {
    NodeId const near = add_node(cluster, "near");
    NodeId const partner = add_node(cluster, "partner");
    cluster.nodes[0].shared_by = {near, partner};
    std::erase_if(cluster.links, [](LinkSetup const& link) { return link.a == 0; });
    return cluster;
}
constexpr NodeId near{3};
constexpr NodeId partner{4};
Cluster on_shared_disk() { return shared(with_database()); }
Cluster unmirrored(Cluster cluster) {
    cluster.mirrors[0].unmirrored = true;
    cluster.mirrors[0].extended = {true, false};
    return cluster;
}
Cluster to_migrate() { return unmirrored(on_shared_disk()); }
Cluster to_migrate_alone() { return unmirrored(with_database()); }
Cluster to_migrate_below_nfs() {
    Cluster cluster = to_migrate();
    cluster.mirrors[0].exported = true;
    return cluster;
}
template <nodes::ResourceKind kind>
Cluster to_migrate_with() {
    Cluster cluster = to_migrate();
    cluster.mirrors[0].hierarchy.create({ResourceId{2}, kind});
    cluster.mirrors[0].hierarchy.create_dependency({ResourceId{1}, ResourceId{2}});
    return cluster;
}
void in_service(Stage& stage) {
    REQUIRE(stage.run_until([&] { return stage.world().usable(server1, Stage::group); }));
    stage.run_for(seconds(20));
}
void partner_gone(Stage& stage) {
    in_service(stage);
    stage.crash(partner);
    stage.run_for(seconds(10));
}
void handed_over(Stage& stage) {
    in_service(stage);
    stage.world().move_shared_disk(server1, near);
    stage.look();
    stage.run_for(milliseconds(100));
}
void being_migrated(Stage& stage) {
    in_service(stage);
    stage.world().edit_extension(server1, Stage::group, {Extend::migrate, {}, {}});
    stage.look();
    stage.run_for(milliseconds(100));
}
Ask hand_over(NodeId from) {
    return [=](World& world) { return world.move_shared_disk(server1, from); };
}
Ask migrate(NodeId at) { return extension(at, Extend::migrate, {}); }

std::vector<Refusal> const refusals{
    {"a disk is handed over by who has it not", on_shared_disk, in_service, hand_over(partner),
     "not_carried_here"},
    {"a disk is handed over to a server that is away", on_shared_disk, partner_gone,
     hand_over(near), "peer_unreachable"},
    {"a disk is handed over while it is", on_shared_disk, handed_over, hand_over(near),
     "in_transition"},
    {"a mirror is migrated", on_shared_disk, in_service, migrate(server1), "already_mirrored"},
    {"migrated elsewhere", to_migrate, in_service, migrate(server2), "not_in_service_here"},
    {"migrated while it is", to_migrate, being_migrated, migrate(server1), "not_in_service_here"},
    {"migrated on a disk of one server", to_migrate_alone, in_service, migrate(server1),
     "disk_not_shared"},
    {"migrated with NAS", to_migrate_with<nodes::ResourceKind::nas>, in_service, migrate(server1),
     "other_storage"},
    {"migrated with DRBD", to_migrate_with<nodes::ResourceKind::drbd>, in_service, migrate(server1),
     "other_storage"},
    {"migrated with another mirror", to_migrate_with<nodes::ResourceKind::sdr>, in_service,
     migrate(server1), "other_storage"},
    {"migrated with another site", to_migrate_with<nodes::ResourceKind::multi_site>, in_service,
     migrate(server1), "other_storage"},
    {"migrated below NFS", to_migrate_below_nfs, in_service, migrate(server1), "exported_by_nfs"},
    {"extended without a mirror", to_migrate, in_service,
     extension(server1, Extend::extend, server2), "not_mirrored"},
    {"deleted without a mirror", to_migrate, in_service,
     extension(server1, Extend::remove, server1), "not_mirrored"},
    {"moved to the other site without a mirror", to_migrate, in_service, move_to(server2),
     "not_extended"},
    {"a second file system on the disk", on_shared_disk, in_service, edit(server1, new_dependency),
     "disk_in_use"},
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
    {"created twice", with_database, all_in_service,
     edit(server1, {Edit::create, {ResourceId{1}}, {{ResourceId{1}, ResourceId{0}}}}),
     "already_exists"},
    {"a file system on a database", with_database, all_in_service,
     edit(server1, {Edit::create,
                    {ResourceId{2}, nodes::ResourceKind::file_system},
                    {{ResourceId{2}, ResourceId{1}}}}),
     "not_on_the_mirror"},
    {"something depends that is not there", with_database, all_in_service,
     edit(server1, {Edit::create_dependency, {}, {{ResourceId{2}, ResourceId{0}}}}),
     "no_such_resource"},
    {"depends twice", with_database, all_in_service,
     edit(server1, {Edit::create_dependency, {}, {{ResourceId{1}, ResourceId{0}}}}),
     "already_depends"},
    {"depends in a circle", with_database, all_in_service,
     edit(server1, {Edit::create_dependency, {}, {{ResourceId{0}, ResourceId{1}}}}),
     "would_be_a_cycle"},
    {"depends no more, and never did", with_database, all_in_service,
     edit(server1, {Edit::delete_dependency, {}, {{ResourceId{1}, {}}}}), "does_not_depend"},
    {"would hang in the air", with_database, all_in_service,
     edit(server1, {Edit::delete_dependency, {}, {{ResourceId{1}, ResourceId{0}}}}),
     "would_be_cut_off"},
    {"deleted while something needs it", with_database, all_out_of_service,
     edit(server1, {Edit::remove, {ResourceId{0}}, {}}), "still_needed"},
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
    {"made asynchronous with nothing outstanding", plain, taken_out,
     order(server1, {Kind::enable_asynchronous, {}, 0}), "no_limit"},
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

/// That can be found out by trying only.
TEST_CASE("what does not stop stays where it is, and nothing has changed") {
    for (Ask const& ask : {hand_over(near), migrate(server1)}) {
        Stage stage(to_migrate(), 1);
        in_service(stage);
        World& world = stage.world();
        world.set_resource_faults(near, ResourceId{1}, {.stop = true});
        Fingerprint const before = world.fingerprint(Timing::any_order);
        std::optional<seen::AdminAnswered> answer;
        stage.listener = [&](Observation const& seen) {
            if (auto const* answered = std::get_if<seen::AdminAnswered>(&seen)) answer = *answered;
        };
        ask(world);
        REQUIRE(stage.run_until([&] { return answer.has_value(); }));
        stage.run_for(seconds(5));
        CHECK_FALSE(answer->granted);
        CHECK(answer->rule == "resource_does_not_stop");
        CHECK(world.fingerprint(Timing::any_order) == before);
        CHECK(world.usable(server1, Stage::group));
    }
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
