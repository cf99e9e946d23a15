// SPDX-License-Identifier: BSD-3-Clause
//
// That drawn runs are scenarios that load again, that each kind is drawn and each run does without
// some, and that a branch is the same run until it parts.
#include "scenarios/campaign/drawing.h"

#include "scenarios/language/load.h"
#include "scenarios/language/play.h"
#include "scenarios/language/write.h"
#include "tests/campaign/bases.h"
#include "tests/language/corpus.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace sunder::campaign {
namespace {

using language::Scenario;

Duration length(Recipe const& recipe) {
    Duration sum;
    for (Act const& act : recipe.acts) sum += act.after;
    return sum;
}

/// Plays it, and takes out of it what had no effect.
language::Outcome play_possible(Scenario& drawn, std::uint64_t seed) {
    language::PlayOptions lenient;
    lenient.seed = seed;
    lenient.leave_out_impossible = true;
    language::Outcome outcome = language::play(drawn, lenient);
    for (auto place = outcome.left_out.rbegin(); place != outcome.left_out.rend(); ++place) {
        drawn.steps.erase(drawn.steps.begin() + static_cast<std::ptrdiff_t>(*place));
    }
    return outcome;
}

}  // namespace

namespace {

void check_written(Scenario const& base, Diet kinds, int runs) {
    language::KnownNames const known;
    Drawing const drawing(base, 20, kinds);
    RandomStream dice(7, 1, 0);
    for (int i = 0; i < runs; ++i) {
        Recipe const recipe = drawing.fresh(dice);
        Scenario drawn = drawing.scenario(recipe);
        language::Outcome const outcome = play_possible(drawn, recipe.seed);
        std::string const text = language::to_yaml(drawn);
        auto const loaded = language::load_text("drawn.yaml", text, known);
        if (!loaded) {
            FAIL_CHECK(language::to_text(loaded.error()));
            continue;
        }
        Scenario const& again = loaded->front();
        REQUIRE(again.steps.size() == drawn.steps.size());
        for (std::size_t s = 0; s < drawn.steps.size(); ++s) {
            CHECK(again.steps[s].action == drawn.steps[s].action);
        }
        CHECK(again.workload == drawn.workload);
        language::PlayOptions options;
        options.seed = recipe.seed;
        CHECK(language::play(again, options).trace_hash == outcome.trace_hash);
    }
}

}  // namespace

TEST_CASE("a drawn run is written down as a file that loads as the same run") {
    for (Scenario const& base : {test::two_nodes(), test::three_nodes(), test::on_a_shared_disk(),
                                 test::operated(), test::with_volumes()}) {
        for (Diet const kinds : {usual, everything}) check_written(base, kinds, 60);
    }
}

TEST_CASE("runs of every cluster that there is are written down so") {
    auto const shipped =
        std::filesystem::recursive_directory_iterator(sunder::test::source_root() / "scenarios");
    for (auto const& entry : shipped) {
        std::string const file = entry.path().string();
        // Those that others include are none.
        if (!file.ends_with(".yaml") || file.ends_with(".cluster.yaml")) continue;
        INFO(file);
        auto const bases = language::load(file);
        REQUIRE(bases.has_value());
        if (!bases->front().cluster.arrays.empty()) continue;  // no campaigns
        check_written(bases->front(), everything, 1);
    }
}

TEST_CASE("each kind is in the diet of about every other run") {
    Scenario const base = test::three_nodes();
    Drawing const drawing(base, 12, everything);
    RandomStream dice(11, 1, 0);
    std::vector<int> times(static_cast<std::size_t>(Kind::last));
    constexpr int runs = 400;
    for (int i = 0; i < runs; ++i) {
        Recipe const recipe = drawing.fresh(dice);
        CHECK(recipe.diet <= everything);
        for (std::size_t k = 0; k < times.size(); ++k) {
            times[k] += static_cast<int>(recipe.diet >> k & 1);
        }
    }
    for (std::size_t k = 0; k < times.size(); ++k) {
        INFO(name_of(static_cast<Kind>(k)));
        CHECK(times[k] > runs / 4);
        CHECK(times[k] < runs * 3 / 4);
    }
}

TEST_CASE("a kind that is not in the diet is not drawn") {
    Scenario const base = test::two_nodes();
    Drawing const drawing(base, 30, everything);
    RandomStream dice(13, 1, 0);
    std::set<std::size_t> seen;
    for (int i = 0; i < 300; ++i) {
        Recipe const recipe = drawing.fresh(dice);
        auto const without = [&](Kind kind) {
            return (recipe.diet >> static_cast<unsigned>(kind) & 1) == 0;
        };
        for (Act const& act : recipe.acts) {
            seen.insert(act.action.index());
            if (std::holds_alternative<language::step::ForceOnline>(act.action)) {
                CHECK_FALSE(without(Kind::force));
            } else if (std::holds_alternative<language::step::SwitchOver>(act.action)) {
                CHECK_FALSE(without(Kind::switch_over));
            } else if (std::holds_alternative<language::step::Pause>(act.action)) {
                CHECK_FALSE(without(Kind::freeze));
            } else if (std::holds_alternative<language::step::SlowDisk>(act.action)) {
                CHECK_FALSE(without(Kind::slow_disk));
            } else if (std::holds_alternative<language::step::CorruptDisk>(act.action)) {
                CHECK_FALSE(without(Kind::lie));
            } else if (auto const* back = std::get_if<language::step::RollBack>(&act.action)) {
                bool const blank = back->what == netsim::seen::RolledBack::What::blank;
                CHECK_FALSE(without(blank ? Kind::blank_disks : Kind::rollback));
            } else if (std::holds_alternative<language::step::HangDisk>(act.action)) {
                CHECK_FALSE(without(Kind::hung_disk));
            } else if (std::holds_alternative<language::step::SkewClock>(act.action)) {
                CHECK_FALSE(without(Kind::skewed_clock));
            } else if (std::holds_alternative<language::step::StepClock>(act.action)) {
                CHECK_FALSE(without(Kind::stepped_clock));
            } else if (std::holds_alternative<language::step::FillMemory>(act.action)) {
                CHECK_FALSE(without(Kind::full_memory));
            } else if (std::holds_alternative<language::step::DamageMessage>(act.action)) {
                CHECK_FALSE(without(Kind::damage));
            } else if (auto const* ask = std::get_if<language::step::Ask>(&act.action)) {
                bool const zeroes = ask->op == replication::HostOp::write_zeroes;
                if (zeroes) CHECK_FALSE(without(Kind::zeroes));
            } else if (std::holds_alternative<language::step::Panic>(act.action)) {
                CHECK_FALSE(without(Kind::panic));
            } else if (std::holds_alternative<language::step::ExchangeDisks>(act.action)) {
                CHECK_FALSE(without(Kind::exchanged_disks));
            } else if (auto const* told = std::get_if<language::step::Ordered>(&act.action)) {
                bool const asynchronous =
                    told->order.kind == nodes::Order::Kind::enable_asynchronous;
                if (asynchronous) CHECK_FALSE(without(Kind::two_operators));
            } else if (auto const* cut = std::get_if<language::step::Cut>(&act.action)) {
                bool const partial = cut->what != netsim::Severed::everything;
                if (partial) CHECK_FALSE(without(Kind::partial_cut));
            } else if (auto const* worse = std::get_if<language::step::Degrade>(&act.action)) {
                Kind const kind = worse->how.loss     ? Kind::lossy_link
                                  : worse->how.jitter ? Kind::jittery_link
                                                      : Kind::slow_link;
                CHECK_FALSE(without(kind));
            }
        }
    }
    CHECK(seen.size() >= 20);
}

namespace {

/// Of an act that only some clusters have a place for.
std::optional<Kind> special_kind(language::Action const& action) {
    if (std::holds_alternative<language::step::MoveSharedDisk>(action)) return Kind::moved_disk;
    if (std::holds_alternative<language::step::ConfirmFailover>(action)) return Kind::confirmation;
    if (std::holds_alternative<language::step::FailResource>(action)) return Kind::failing_resource;
    if (std::holds_alternative<language::step::EditHierarchy>(action))
        return Kind::changed_hierarchy;
    if (auto const* edit = std::get_if<language::step::EditExtension>(&action)) {
        using Edit = nodes::Extension::Kind;
        bool const whole = edit->edit.kind == Edit::create || edit->edit.kind == Edit::remove;
        if (whole) return Kind::made_anew;
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("what needs a cluster of its own is drawn in one, where it is in the diet") {
    std::set<Kind> seen;
    for (Scenario const& base : {test::on_a_shared_disk(), test::operated()}) {
        Drawing const drawing(base, 30, everything);
        RandomStream dice(29, 1, 0);
        for (int i = 0; i < 300; ++i) {
            Recipe const recipe = drawing.fresh(dice);
            for (Act const& act : recipe.acts) {
                std::optional<Kind> const kind = special_kind(act.action);
                if (!kind) continue;
                INFO(name_of(*kind));
                CHECK((recipe.diet >> static_cast<unsigned>(*kind) & 1) == 1);
                seen.insert(*kind);
            }
        }
    }
    CHECK(seen == std::set{Kind::moved_disk, Kind::confirmation, Kind::failing_resource,
                           Kind::changed_hierarchy, Kind::made_anew});
}

TEST_CASE("whatever link was degraded is healed before a run is judged") {
    Scenario const base = test::three_nodes();
    Drawing const drawing(base, 20, everything);
    RandomStream dice(23, 1, 0);
    int degraded = 0;
    for (int i = 0; i < 300; ++i) {
        std::set<std::pair<netsim::Vertex, netsim::Vertex>> worse;
        for (language::Step const& step : drawing.scenario(drawing.fresh(dice)).steps) {
            if (auto const* one = std::get_if<language::step::Degrade>(&step.action)) {
                worse.insert(std::minmax(one->a, one->b));
                ++degraded;
            } else if (auto const* healed = std::get_if<language::step::Heal>(&step.action)) {
                worse.erase(std::minmax(healed->a, healed->b));
            }
        }
        CHECK(worse.empty());
    }
    CHECK(degraded > 20);
}

TEST_CASE("lies and rollbacks are drawn where all faults are asked for, and then only") {
    Scenario const base = test::two_nodes();
    for (Diet const kinds : {usual, everything}) {
        Drawing const drawing(base, 30, kinds);
        RandomStream dice(17, 1, 0);
        std::size_t outside = 0;
        for (int i = 0; i < 100; ++i) {
            for (Act const& act : drawing.fresh(dice).acts) {
                bool const lies = std::holds_alternative<language::step::CorruptDisk>(act.action);
                bool const back = std::holds_alternative<language::step::RollBack>(act.action);
                outside += lies || back ? 1 : 0;
            }
        }
        CHECK((outside > 0) == (kinds == everything));
    }
}

TEST_CASE("what is lost outside the fault budget is allowed by name, and the rest is judged") {
    Diet kinds = 0;
    for (Kind const kind : {Kind::crash, Kind::power_cut, Kind::reset, Kind::switch_over,
                            Kind::read, Kind::flush, Kind::lie, Kind::rollback}) {
        kinds |= Diet{1} << static_cast<unsigned>(kind);
    }
    std::size_t lies = 0;
    std::size_t named = 0;
    for (Scenario const& base : {test::two_nodes(), test::three_nodes()}) {
        Drawing const drawing(base, 20, kinds);
        RandomStream dice(19, 1, 0);
        for (int i = 0; i < 200; ++i) {
            Recipe recipe = drawing.fresh(dice);
            language::PlayOptions options;
            options.seed = recipe.seed;
            options.leave_out_impossible = true;
            Scenario const scenario = drawing.scenario(recipe);
            language::Outcome const outcome = language::play(scenario, options);
            INFO(language::to_yaml(scenario));
            for (netsim::Violation const& violation : outcome.violations) {
                FAIL_CHECK(violation.property << ": " << violation.story);
            }
            for (auto const& [mark, times] : outcome.marks) {
                bool const lie = mark == "lost_write" || mark == "misdirected_write" ||
                                 mark == "wrong_read" || mark == "stale_read" || mark == "bit_rot";
                lies += lie ? 1 : 0;
            }
            for (auto const& [what, times] : outcome.allowed) {
                named += what.find(" on server") != std::string::npos ? 1 : 0;
            }
        }
    }
    CHECK(lies > 10);
    CHECK(named > 20);
}

TEST_CASE("a branch is the same run up to its moment") {
    Scenario const base = test::three_nodes();
    Drawing const drawing(base, 16);
    RandomStream dice(17, 1, 0);
    for (int i = 0; i < 200; ++i) {
        Recipe const from = drawing.fresh(dice);
        Duration const at = nanoseconds(
            static_cast<std::int64_t>(dice.below(static_cast<std::uint64_t>(length(from).ns) + 1)));
        Recipe const branch = drawing.branched(from, at, dice);
        CHECK(branch.seed == from.seed);
        CHECK(branch.rate == from.rate);
        CHECK(branch.open_rate == from.open_rate);
        Duration reached;
        std::size_t same = 0;
        for (; same < from.acts.size(); ++same) {
            reached += from.acts[same].after;
            if (reached > at) break;
            REQUIRE(same < branch.acts.size());
            CHECK(branch.acts[same] == from.acts[same]);
        }
        // Whatever comes then comes no earlier.
        Duration until;
        for (std::size_t a = 0; a <= same && a < branch.acts.size(); ++a) {
            until += branch.acts[a].after;
        }
        if (same < branch.acts.size()) CHECK(until >= at);
    }
}

namespace {

/// What hosts, nodes and the network did until so long after the waits at its beginning.
std::vector<std::string> played_until(Scenario const& run, std::uint64_t seed, Duration at) {
    std::vector<std::string> events;
    netsim::World const* world = nullptr;
    std::optional<Duration> end;
    language::PlayOptions options;
    options.seed = seed;
    options.leave_out_impossible = true;
    options.began = [&](netsim::World const& made) { world = &made; };
    options.past_waits = [&](netsim::World const& now) { end = now.now() + at; };
    options.tracer = [&](NodeId node, std::string const& what) {
        if (end && world->now() >= *end) return;
        events.push_back(to_text(world->now()) + " " + std::to_string(node.value) + " " + what);
    };
    static_cast<void>(language::play(run, options));
    return events;
}

}  // namespace

TEST_CASE("a branch is played as its run was up to its moment") {
    Scenario const base = test::three_nodes();
    Drawing const drawing(base, 16);
    RandomStream dice(19, 1, 0);
    int parted = 0;
    for (int i = 0; i < 30; ++i) {
        Recipe const from = drawing.fresh(dice);
        Duration const at = nanoseconds(
            static_cast<std::int64_t>(dice.below(static_cast<std::uint64_t>(length(from).ns) + 1)));
        Recipe const branch = drawing.branched(from, at, dice);
        auto const before = played_until(drawing.scenario(from), from.seed, at);
        CHECK(before.size() > 100);
        CHECK((played_until(drawing.scenario(branch), branch.seed, at) == before));
        Duration const later = at + minutes(5);
        parted += played_until(drawing.scenario(branch), branch.seed, later) !=
                  played_until(drawing.scenario(from), from.seed, later);
    }
    CHECK(parted > 20);
}

TEST_CASE("what is left out of a run had no effect") {
    Scenario const base = test::two_nodes();
    Drawing const drawing(base, 20);
    RandomStream dice(19, 1, 0);
    std::size_t left_out = 0;
    for (int i = 0; i < 30; ++i) {
        Recipe const recipe = drawing.fresh(dice);
        Scenario drawn = drawing.scenario(recipe);
        language::Outcome const outcome = play_possible(drawn, recipe.seed);
        left_out += outcome.left_out.size();
        language::PlayOptions strict;
        strict.seed = recipe.seed;
        language::Outcome const again = language::play(drawn, strict);
        CHECK_FALSE(again.failure);
        CHECK(again.trace_hash == outcome.trace_hash);
    }
    CHECK(left_out > 30);
}

}  // namespace sunder::campaign
