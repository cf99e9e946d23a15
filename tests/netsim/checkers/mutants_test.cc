// SPDX-License-Identifier: BSD-3-Clause
//
// The checkers' own test: each small wrong change of the engine (base/mutant.h) is hunted by a
// short story over many seeds, and the checker that is there for it has to catch it; the engine as
// it ships has to come through the same stories unharmed. Built with SUNDER_MUTANTS, apart from all
// other tests.
#include "base/mutant.h"
#include "tests/netsim/checkers/stage.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

namespace sunder::netsim::test {
namespace {

using replication::HostOp;

constexpr NodeId server1 = Stage::server1;
constexpr NodeId server2 = Stage::server2;

// --- Clusters ------------------------------------------------------------------------------------

Cluster asynchronous() {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].mode = Mode::asynchronous;
    return cluster;
}

/// The target's disk is far behind, and a death is noticed at once.
Cluster hasty() {
    Cluster cluster = asynchronous();
    cluster.detection.interval = milliseconds(2);
    cluster.detection.missed = 1;
    return cluster;
}

/// Nobody clears bits for a while.
Cluster lazy() {
    Cluster cluster = asynchronous();
    cluster.settle_interval = seconds(30);
    cluster.nodes[1].disk.jitter = milliseconds(3);
    return cluster;
}

/// Disks that take their time, and not always the same.
Cluster hesitant() {
    Cluster cluster = small_cluster();
    for (NodeSetup& node : cluster.nodes) {
        node.disk.bandwidth = Bandwidth{400'000'000};
        node.disk.jitter = milliseconds(3);
    }
    return cluster;
}

/// And a slow link, so that a resync takes several runs and hosts get in between.
Cluster sluggish() {
    Cluster cluster = hesitant();
    cluster.links[0].there.bandwidth = Bandwidth{20'000'000};
    return cluster;
}

// --- Stories -------------------------------------------------------------------------------------

/// A write is answered although the path is cut; then the source loses power.
void cut_write_power(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 5, 64, 300);
    stage.run_for(milliseconds(5));
    stage.cut();
    for (std::uint64_t i = 0; i < 3; ++i) stage.write(server1, block(100 + i));
    stage.run_for(milliseconds(2));
    stage.power_cut(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.end_well();
}

/// The leg drops, a write is acknowledged without it, and the power goes in that very moment.
void lonely_write_power(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.reset();
    RequestId const write = stage.write(server1, block(stage.dice.below(200)));
    stage.run_until([&] { return stage.acknowledged(write); }, milliseconds(5));
    stage.power_cut(server1);
    if (stage.run_until([&] { return stage.serves(server2); })) stage.work(server2, 4, 64, 300);
    stage.end_well();
}

/// A host writes here and there.
void plain_work(Stage& stage) {
    stage.until_mirroring();
    for (int i = 0; i < 6; ++i) {
        stage.work(server1, 12, 40, 150);
        stage.run_for(milliseconds(250));
    }
    stage.end_well();
}

/// A target is away while a host works, comes back, and the host goes on.
void work_during_resync(Stage& stage) {
    stage.until_mirroring();
    stage.crash(server2);
    stage.work(server1, 40, 256, 400);
    stage.run_for(milliseconds(600));
    stage.restart(server2);
    stage.run_until([&] { return stage.resyncing(); });
    stage.work(server1, 60, 256, 1500);
    stage.until_mirroring();
    stage.work(server1, 5, 64, 500);
    stage.end_well();
}

/// A target was away while a whole range was written: runs are long and flushes are short.
void long_runs(Stage& stage) {
    stage.until_mirroring();
    stage.crash(server2);
    for (std::uint64_t i = 0; i < 8; ++i) {
        stage.write(server1, {stage.dice.below(8) * 256, 256});
        stage.run_for(milliseconds(2));
    }
    stage.restart(server2);
    stage.run_until([&] { return stage.resyncing(); });
    stage.until_mirroring();
    stage.end_well();
}

/// The first resync of a mirror, and nothing else.
void first_resync(Stage& stage) {
    stage.run_until([&] { return stage.mirroring() || stage.broken(); });
    // A target that is done too early confuses its source about what is still on the way.
    if (!stage.broken()) stage.end_well();
}

/// The source loses power with writes that only it has; the target takes over and goes on
/// elsewhere.
void failback(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 4, 30, 300);
    stage.run_for(milliseconds(300));
    stage.cut();
    for (std::uint64_t i = 0; i < 3; ++i) stage.write(server1, block(100 + stage.dice.below(100)));
    stage.run_for(milliseconds(2));
    stage.power_cut(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.work(server2, 10, 64, 300);
    stage.heal();
    stage.restart(server1);
    stage.run_for(seconds(1));
    stage.end_well();
}

/// A resync breaks off in the middle, begins again, and then its source dies for good.
void broken_resync(Stage& stage) {
    stage.until_mirroring();
    stage.crash(server2);
    for (std::uint64_t i = 0; i < 6; ++i) {
        stage.write(server1, {i * 256, 256});
        stage.run_for(milliseconds(5));
    }
    stage.restart(server2);
    stage.run_until([&] { return stage.resyncing(); });
    stage.run_for(milliseconds(1 + static_cast<std::int64_t>(stage.dice.below(60))));
    stage.reset();
    stage.run_for(milliseconds(60 + static_cast<std::int64_t>(stage.dice.below(100))));
    stage.power_cut(server1);
    stage.run_for(seconds(3));
    stage.end_well();
}

/// The source's process dies while its target has a queue before a slow disk.
void slow_target_takes_over(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.slow_disk(server2, 50);
    for (int i = 0; i < 6; ++i) {
        stage.write(server1, block(stage.dice.below(2)));
        stage.run_for(microseconds(300));
    }
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.slow_disk(server2, 1);
    stage.end_well();
}

/// Overlapping writes in a burst; the source dies before anybody clears a bit.
void burst_and_crash(Stage& stage) {
    stage.until_mirroring();
    for (int i = 0; i < 8; ++i) {
        std::uint64_t const first = stage.dice.below(3) * 8;
        stage.write(server1, {first, 8 + stage.dice.below(2) * 8});
        stage.run_for(microseconds(160));
    }
    stage.crash(server1);
    stage.run_until([&] { return stage.serves(server2); });
}

/// The target loses power with records that it has not flushed.
void target_loses_power(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.work(server1, 6, 64, 300);
    stage.power_cut(server2);
    stage.run_for(milliseconds(100));
    stage.end_well();
}

/// The source dies while it resynchronises its target.
void source_dies_in_resync(Stage& stage) {
    stage.until_mirroring();
    stage.crash(server2);
    stage.work(server1, 30, 256, 400);
    stage.run_for(milliseconds(10));
    stage.restart(server2);
    stage.run_until([&] { return stage.resyncing(); });
    stage.run_for(milliseconds(static_cast<std::int64_t>(stage.dice.below(30))));
    stage.crash(server1);
    stage.run_for(seconds(4));
    stage.end_well();
}

/// Both die, the target returns first, alone (scenario 4).
void target_returns_first(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.crash(server2);
    stage.crash(server1);
    stage.restart(server2);
    stage.run_for(seconds(5));
    stage.end_well();
}

/// Both die, the source returns first and stays out; then the target returns (scenario 3).
void source_returns_first(Stage& stage) {
    stage.until_mirroring();
    stage.run_for(milliseconds(300));
    stage.crash(server2);
    stage.crash(server1);
    stage.restart(server1);
    stage.run_for(seconds(5));
    stage.end_well();
}

/// An operator forces the target online while the last owner is down; then that one returns.
void forced_past_owner(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 4, 64, 300);
    stage.run_for(milliseconds(300));
    stage.crash(server2);
    stage.crash(server1);
    stage.restart(server2);
    stage.run_for(seconds(3));
    stage.force(server2);
    stage.run_for(milliseconds(100));
    stage.end_well();
}

/// Both were down and the last owner is forced online: its own data, and no later ones exist.
void forced_owner(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 4, 64, 300);
    stage.run_for(milliseconds(300));
    stage.crash(server2);
    stage.crash(server1);
    stage.restart(server1);
    stage.run_for(seconds(3));
    stage.force(server1);
    stage.run_for(milliseconds(100));
    stage.end_well();
}

/// A host reads what is being written while the path is cut; the source loses power, the target
/// takes over, and the host reads again.
void read_power_read(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 5, 64, 300);
    stage.run_for(milliseconds(300));
    stage.cut();
    std::uint64_t const number = 100 + stage.dice.below(100);
    stage.write(server1, block(number));
    stage.run_for(milliseconds(1));
    stage.ask(server1, HostOp::read, block(number));
    stage.run_for(milliseconds(1));
    stage.power_cut(server1);
    stage.run_until([&] { return stage.serves(server2); });
    stage.ask(server2, HostOp::read, block(number));
    stage.end_well();
}

/// The source dies and stays dead.
void source_dies(Stage& stage) {
    stage.until_mirroring();
    stage.work(server1, 4, 64, 300);
    stage.run_for(milliseconds(300));
    stage.crash(server1);
    stage.run_for(seconds(10));
}

struct Hunt {
    Mutant mutant;
    char const* story;
    void (*play)(Stage&);
    Cluster (*cluster)();
    char const* catcher;  ///< has to catch it
    bool alone;           ///< and nobody else does
};

constexpr Hunt hunts[] = {
    {Mutant::acknowledge_before_leg, "cut, write, power cut", cut_write_power, small_cluster,
     "no_lost_acknowledged_write", true},
    {Mutant::acknowledge_without_outdated, "leg drops, write, power cut", lonely_write_power,
     small_cluster, "no_silent_split_brain", true},
    {Mutant::bit_cleared_on_receipt, "plain work", plain_work, small_cluster, "intent_log_superset",
     false},
    {Mutant::bit_set_late, "plain work", plain_work, small_cluster, "intent_log_superset", true},
    {Mutant::bits_never_cleared, "plain work", plain_work, small_cluster, "mirror_equality", true},
    {Mutant::resync_without_lock, "work during a resync", work_during_resync, hesitant,
     "resync_convergence", false},
    {Mutant::finish_overtakes, "the first resync", first_resync, sluggish, "resync_convergence",
     true},
    {Mutant::finish_with_bits_left, "work during a resync", work_during_resync, sluggish,
     "resync_convergence", false},
    {Mutant::union_forgotten, "failback", failback, small_cluster, "resync_copies_the_union",
     false},
    {Mutant::everything_is_copied, "failback", failback, small_cluster, "resync_copies_the_union",
     true},
    {Mutant::interrupted_is_done, "a resync breaks off", broken_resync, sluggish,
     "no_promotion_of_inconsistent_copy", false},
    {Mutant::queue_dropped_at_promotion, "a slow target takes over", slow_target_takes_over, hasty,
     "asynchronous_prefix", true},
    {Mutant::apply_out_of_order, "burst and crash", burst_and_crash, lazy, "asynchronous_prefix",
     true},
    {Mutant::applying_not_stored, "the target loses power", target_loses_power, small_cluster,
     "no_promotion_of_inconsistent_copy", true},
    {Mutant::promote_while_resyncing, "the source dies in a resync", source_dies_in_resync,
     sluggish, "no_promotion_of_inconsistent_copy", false},
    {Mutant::booted_alone_promotes, "the target returns first", target_returns_first, small_cluster,
     "no_promotion_of_inconsistent_copy", true},
    {Mutant::wrong_owner_accepted, "forced past the owner", forced_past_owner, small_cluster,
     "no_silent_split_brain", true},
    {Mutant::force_unaudited, "the owner is forced", forced_owner, small_cluster,
     "every_loss_attributed", true},
    {Mutant::resync_never_finishes, "long runs", long_runs, small_cluster, "resync_completes",
     true},
    {Mutant::death_unnoticed, "the source dies", source_dies, small_cluster, "failover_completes",
     true},
    {Mutant::corrupt_flag_sticks, "the source returns first", source_returns_first, small_cluster,
     "both_back_in_service", true},
    {Mutant::read_overtakes_write, "read, power cut, read", read_power_read, small_cluster,
     "linearizability", true},
};

/// The properties that were broken in one run.
std::set<std::string> run(Hunt const& hunt, Mutant living, std::uint64_t seed, std::string* story) {
    living_mutant = living;
    Stage stage(hunt.cluster(), seed);
    hunt.play(stage);
    living_mutant = Mutant::none;
    std::set<std::string> broken;
    for (Violation const& violation : stage.findings().violations())
        broken.insert(violation.property);
    if (story != nullptr) *story = stage.story();
    return broken;
}

constexpr std::uint64_t seeds_per_start = 50;
constexpr std::array<std::uint64_t, 5> starts{1, 1001, 2001, 3001, 4001};

struct Caught {
    std::map<std::string, int> by;  ///< checker to number of runs
    std::uint64_t median = 0;       ///< seeds until the expected one caught it
    std::string story;
};

Caught hunt_down(Hunt const& hunt) {
    Caught caught;
    std::vector<std::uint64_t> needed;
    for (std::uint64_t const start : starts) {
        std::uint64_t until = seeds_per_start + 1;
        for (std::uint64_t i = 0; i < seeds_per_start; ++i) {
            std::string story;
            std::set<std::string> const broken = run(hunt, hunt.mutant, start + i, &story);
            for (std::string const& property : broken) ++caught.by[property];
            if (!broken.contains(hunt.catcher)) continue;
            if (caught.story.empty()) caught.story = story;
            until = std::min(until, i + 1);
        }
        needed.push_back(until);
    }
    std::ranges::sort(needed);
    caught.median = needed[needed.size() / 2];
    return caught;
}

TEST_CASE("each mutant is caught by the checker that is there for it") {
    std::map<std::string, std::vector<Mutant>> alone;
    std::string table =
        fmt::format("{:30} {:34} {:28} {}\n", "mutant", "checker (runs that it caught)", "hunt",
                    "median seeds until caught");
    for (Hunt const& hunt : hunts) {
        Caught const caught = hunt_down(hunt);
        std::string by;
        std::string const row(name_of(hunt.mutant));
        for (auto const& [checker, runs] : caught.by) {
            by += fmt::format(" {} ({})", checker, runs);
            std::string const hit = fmt::format("{} ({})", checker, runs);
            bool const leads = checker == caught.by.begin()->first;
            std::string const rest =
                leads ? fmt::format(" {:28} {}", hunt.story, caught.median) : "";
            table += fmt::format("{:30} {:34}{}\n", leads ? row : "", hit, rest);
        }
        INFO(name_of(hunt.mutant) << " in \"" << hunt.story << "\":" << by << "\n" << caught.story);
        CHECK(caught.by.contains(hunt.catcher));
        CHECK(caught.median <= seeds_per_start);
        if (hunt.alone) CHECK(caught.by.size() == 1);
        if (caught.by.size() == 1) alone[caught.by.begin()->first].push_back(hunt.mutant);
    }
    std::fputs(table.c_str(), stdout);
    for (CheckerText const& checker : Checkers::texts()) {
        INFO(checker.name << " is the only one to catch some mutant");
        CHECK(alone.contains(std::string(checker.name)));
    }
}

TEST_CASE("every mutant is hunted") {
    for (int m = 1; m < static_cast<int>(Mutant::last); ++m) {
        auto const which = static_cast<Mutant>(m);
        INFO(name_of(which));
        CHECK(std::ranges::any_of(hunts, [&](Hunt const& hunt) { return hunt.mutant == which; }));
    }
}

TEST_CASE("the engine as it ships comes through all hunts unharmed") {
    for (Hunt const& hunt : hunts) {
        for (std::uint64_t const start : starts) {
            for (std::uint64_t i = 0; i < seeds_per_start; ++i) {
                std::string story;
                std::set<std::string> const broken = run(hunt, Mutant::none, start + i, &story);
                INFO(hunt.story << ", seed " << start + i << "\n" << story);
                REQUIRE(broken.empty());
            }
        }
    }
}

}  // namespace
}  // namespace sunder::netsim::test
