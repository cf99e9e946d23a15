// SPDX-License-Identifier: BSD-3-Clause
//
// What counts as seen, and that a searcher who goes on from what is unusual sees more of it than
// one who begins anew each time.
#include "scenarios/campaign/coverage.h"

#include "scenarios/campaign/hunter.h"
#include "scenarios/language/play.h"
#include "scenarios/language/write.h"
#include "tests/campaign/bases.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <set>

namespace sunder::campaign {
namespace {

/// Of one run; calls `look` with each world that is shown.
template <class Look>
Coverage covered(language::Scenario const& scenario, std::uint64_t seed, Look&& look) {
    Coverage coverage;
    language::PlayOptions options;
    options.seed = seed;
    options.leave_out_impossible = true;
    options.watch = [&](netsim::World const& world, netsim::Observation const& observation) {
        coverage.see(world, observation);
        look(world);
    };
    (void)language::play(scenario, options);
    return coverage;
}

/// What so many runs that know nothing of each other have seen.
std::size_t seen_by_fresh_runs(language::Scenario const& base, std::uint64_t seed, int runs) {
    HuntSetup const setup;
    Drawing const drawing(base, setup.most_acts, setup.kinds);
    RandomStream dice(seed, 1, 0);
    std::set<Feature> all;
    for (int run = 0; run < runs; ++run) {
        Recipe const recipe = drawing.fresh(dice);
        Coverage const one =
            covered(drawing.scenario(recipe), recipe.seed, [](netsim::World const&) {});
        for (Coverage::Reached const& reached : one.reached()) all.insert(reached.feature);
    }
    return all.size();
}

}  // namespace

TEST_CASE(
    "a feature is reached once in a run, when it is seen first, and the same in the same run") {
    language::Scenario const base = test::two_nodes();
    std::set<Feature> states;
    auto const keep = [&](netsim::World const& world) { states.insert(abstract_state(world)); };
    Coverage const once = covered(base, 1, keep);
    REQUIRE_FALSE(once.reached().empty());
    std::set<Feature> all;
    for (Coverage::Reached const& one : once.reached()) CHECK(all.insert(one.feature).second);
    CHECK(std::ranges::is_sorted(once.reached(), {}, &Coverage::Reached::at));
    CHECK(states.size() > 1);
    CHECK(once.marks().contains("came_in_service"));
    CHECK(once.rules().contains("last_owner_returns"));
    bool const any_state = std::ranges::any_of(
        states, [&](Feature state) { return all.contains(Coverage::of_state(state)); });
    CHECK(any_state);
    Coverage const again = covered(base, 1, [](netsim::World const&) {});
    CHECK(std::ranges::equal(once.reached(), again.reached(), {}, &Coverage::Reached::feature,
                             &Coverage::Reached::feature));
}

namespace {

long times(Coverage const& coverage, Coverage::Kind kind) {
    return std::ranges::count(coverage.reached(), kind, &Coverage::Reached::kind);
}

netsim::seen::MirrorNoted became(NodeId node, replication::Role role, std::uint64_t step) {
    return {node, GroupId{0}, replication::note::RoleChanged{role, {}}, step};
}

}  // namespace

TEST_CASE("what one node noted happens before what another notes that has heard of it") {
    language::Scenario base = test::two_nodes();
    auto const ignore = [](netsim::World const&) {};
    Coverage const whole = covered(base, 1, ignore);
    CHECK(times(whole, Coverage::Kind::pair) > 0);
    CHECK(times(whole, Coverage::Kind::across) > 0);
    // Both note what they do, and neither hears of it.
    language::step::Cut const cut{0, 1, false};
    base.steps.push_back(language::make_step(cut, base.cluster));
    base.steps.push_back(language::make_step(language::step::Pass{minutes(1)}, base.cluster));
    Coverage const split = covered(base, 1, ignore);
    CHECK(times(split, Coverage::Kind::pair) > 0);
    CHECK(times(split, Coverage::Kind::across) == 0);
}

TEST_CASE("a node has heard of what was noted by when a message was sent, and of no more") {
    using replication::Role;
    NodeId const one{0};
    NodeId const other{1};
    language::Scenario const base = test::two_nodes();
    netsim::World world(std::make_shared<netsim::Cluster const>(base.cluster), 1);
    world.start_all();
    while (world.next_time() && world.now() < seconds(10)) world.advance();
    std::uint64_t const heard_of = world.heard_of(other, one);
    REQUIRE(heard_of > 1);
    CHECK(world.heard_of(one, one) == 0);

    Coverage coverage;
    auto const across = [&] { return times(coverage, Coverage::Kind::across); };
    coverage.see(world, became(one, Role::source, heard_of - 1));
    coverage.see(world, became(one, Role::target, heard_of + 1));
    CHECK(across() == 0);
    coverage.see(world, became(other, Role::target, heard_of + 2));
    CHECK(across() == 1);
    // It knew that already.
    coverage.see(world, became(other, Role::source, heard_of + 3));
    CHECK(across() == 1);

    Coverage unheard;
    unheard.see(world, became(one, Role::source, heard_of + 1));
    unheard.see(world, became(other, Role::target, heard_of + 2));
    CHECK(times(unheard, Coverage::Kind::across) == 0);
}

/// In short campaigns it does not pay: fresh runs see what is common soonest.
TEST_CASE("who goes on from what is unusual sees more than who begins anew") {
    constexpr int runs = 1000;
    for (language::Scenario const& base : {test::two_nodes(), test::three_nodes()}) {
        Hunter hunter(base, {.seed = 1});
        for (int run = 0; run < runs; ++run) hunter.hunt();
        std::size_t const anew = seen_by_fresh_runs(base, 1, runs);
        CAPTURE(hunter.reached(), anew);
        CHECK(hunter.reached() > anew + anew / 20);
    }
}

}  // namespace sunder::campaign
