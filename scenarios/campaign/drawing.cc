// SPDX-License-Identifier: BSD-3-Clause
//
// How many acts, of which kinds, and how everything is repaired in the end.
#include "scenarios/campaign/drawing.h"

#include "scenarios/campaign/acts.h"
#include "scenarios/campaign/hardware.h"
#include "scenarios/language/write.h"

#include <algorithm>

namespace sunder::campaign {

namespace {

namespace step = language::step;
using language::Action;
using language::Scenario;

/// All mirrors come to be fully operational by themselves.
bool settles(Scenario const& scenario) {
    bool const all_start = std::ranges::all_of(
        scenario.cluster.nodes, [](netsim::NodeSetup const& node) { return node.started; });
    return all_start && std::ranges::all_of(scenario.cluster.mirrors, [](auto const& mirror) {
               return std::ranges::find(mirror.extended, false) == mirror.extended.end();
           });
}

/// Requests a second, so that no run has many more of them than others: what hosts ask in long
/// pauses, in which nothing else happens, shows little.
std::uint64_t rate_over(std::vector<Act> const& acts) {
    constexpr std::int64_t requests = 150;
    Duration whole;
    for (Act const& act : acts) whole += act.after;
    return static_cast<std::uint64_t>(requests / (whole.ns / seconds(1).ns + 1) + 1);
}

/// Who does not come back (FLT-4).
std::optional<NodeId> lost_for_good(Scenario const& base, Recipe const& recipe) {
    if (!has(recipe.diet, Kind::lost_for_good)) return std::nullopt;
    NodeId const node{static_cast<std::uint8_t>(recipe.seed % base.cluster.nodes.size())};
    return is_shared(base, node) ? std::nullopt : std::optional(node);
}

/// Whatever befell a cluster, once it is whole again each of its copies has to be good for a
/// takeover. Writes between the deaths tell who had everything. In the end all are there again.
void leave_one(Scenario const& base, Recipe const& recipe, auto const& put) {
    std::vector<netsim::MirrorSetup> const& mirrors = base.cluster.mirrors;
    std::vector<NodeId> dying;
    for (std::size_t i = 0; i < base.cluster.nodes.size(); ++i) {
        std::size_t const place = (recipe.seed / 8 + i) % base.cluster.nodes.size();
        NodeId const node{static_cast<std::uint8_t>(place)};
        if (!is_shared(base, node)) dying.push_back(node);
    }
    if (!dying.empty()) dying.pop_back();
    for (NodeId const node : dying) {
        put(step::Pass{minutes(3)});
        for (std::uint16_t m = 0; m < mirrors.size(); ++m) {
            for (NodeId const at : mirrors[m].on) {
                put(step::Ask{m, at, replication::HostOp::write, 0,
                              std::min<std::uint64_t>(8, mirrors[m].sectors), false});
            }
        }
        put(step::Pass{seconds(30)});
        put(recipe.seed % 2 == 0 ? Action{step::PowerCut{node, {}}}
                                 : Action{step::Crash{node, {}}});
    }
    put(step::Pass{minutes(3)});
    for (NodeId const node : dying) put(step::Restart{node});
}

/// From the start on, and no more than a run may have. It depends on nothing that is drawn for a
/// branch: until that parts, hosts ask for the same.
void set_workload(std::vector<language::Workload>& workloads, Recipe const& recipe) {
    for (language::Workload& workload : workloads) {
        workload.started = true;
        if (workload.rate) {
            workload.rate->per_second = std::min(workload.rate->per_second, recipe.open_rate);
        } else {
            // A closed loop would fill any time with as many as it can.
            workload.count = 10 * recipe.rate;
        }
        workload.reads_percent = has(recipe.diet, Kind::read) ? 30 : 0;
        workload.flush_every.reset();
        if (has(recipe.diet, Kind::flush)) workload.flush_every = 16;
    }
}

/// What it could not store a node waits for until it boots.
void boot(NodeId node, Scenario const& base, auto const& put) {
    if (!is_shared(base, node)) return put(step::Crash{node, {}});
    for (NodeId const server : base.cluster.nodes[node.value].shared_by) {
        put(step::Crash{server, {}});
    }
}

/// Undoes what an act has broken. A mended disk is fast again, too.
void mend(Action const& action, Scenario const& base, auto const& put) {
    if (auto const* failed = std::get_if<step::FailDisk>(&action)) {
        put(step::FailDisk{failed->node, false, false, false});
        if (failed->stores) boot(failed->node, base, put);
    } else if (auto const* slow = std::get_if<step::SlowDisk>(&action)) {
        put(step::FailDisk{slow->node, false, false, false});
    } else if (auto const* hung = std::get_if<step::HangDisk>(&action)) {
        put(step::FailDisk{hung->node, false, false, false});
    } else if (auto const* lying = std::get_if<step::CorruptDisk>(&action)) {
        put(step::FailDisk{lying->node, false, false, false});
    } else if (auto const* skewed = std::get_if<step::SkewClock>(&action)) {
        put(step::SkewClock{skewed->node, 100});
    } else if (auto const* cut = std::get_if<step::Cut>(&action)) {
        put(step::Heal{cut->a, cut->b});
    } else if (auto const* worse = std::get_if<step::Degrade>(&action)) {
        put(step::Heal{worse->a, worse->b});
    } else if (auto const* isolated = std::get_if<step::Isolate>(&action)) {
        put(step::Isolate{isolated->who, false});
    } else if (auto const* above = std::get_if<step::FailResource>(&action)) {
        put(step::FailResource{above->node, above->resource, {}, false});
    } else if (auto const* missing = std::get_if<step::FailFencing>(&action)) {
        put(step::FailFencing{missing->node, false});
    }
}

}  // namespace

void Drawing::add(Recipe& recipe, RandomStream& dice) const {
    Site const site(base_, recipe, dice);
    std::uint64_t const what = dice.below(10);
    if (what < 3) return site.draw_repair();
    if (what < 5) return site.draw_writes();
    std::vector<Kind> allowed;
    for (unsigned k = 0; k < static_cast<unsigned>(Kind::last); ++k) {
        auto const kind = static_cast<Kind>(k);
        if (has(recipe.diet, kind) && befalls(kind)) allowed.push_back(kind);
    }
    if (!allowed.empty()) site.draw(allowed[dice.below(allowed.size())]);
}

Recipe Drawing::fresh(RandomStream& dice) const {
    Recipe recipe;
    recipe.seed = 1 + dice.below(1U << 30);
    recipe.diet = static_cast<Diet>(dice.next()) & kinds_;
    static constexpr std::uint64_t rates[] = {1, 5, 20};
    recipe.rate = rates[dice.below(3)];
    std::size_t const wanted = 1 + dice.below(most_);
    for (std::size_t tries = 0; recipe.acts.size() < wanted && tries < 4 * wanted; ++tries) {
        add(recipe, dice);
    }
    recipe.open_rate = std::min(recipe.rate, rate_over(recipe.acts));
    return recipe;
}

Recipe Drawing::varied(Recipe const& from, RandomStream& dice) const {
    Recipe recipe = from;
    std::uint64_t const how = dice.below(4);
    if (how == 0) recipe.seed = 1 + dice.below(1U << 30);
    // What acts draw together would else pile up.
    bool const full = recipe.acts.size() > 20 * most_;
    if (recipe.acts.empty() || (how == 1 && !full)) {
        add(recipe, dice);
    } else {
        std::size_t const at = dice.below(recipe.acts.size());
        auto const place = recipe.acts.begin() + static_cast<std::ptrdiff_t>(at);
        if (how == 2) {
            recipe.acts.erase(place);
        } else {
            recipe.acts[at].after = Site(base_, recipe, dice).pause();
        }
    }
    recipe.open_rate = std::min(recipe.rate, rate_over(recipe.acts));
    return recipe;
}

Recipe Drawing::branched(Recipe const& from, Duration at, RandomStream& dice) const {
    Recipe recipe = from;
    recipe.acts.clear();
    Duration reached;
    for (Act const& act : from.acts) {
        if (reached + act.after > at) break;
        reached += act.after;
        recipe.acts.push_back(act);
    }
    std::size_t const kept = recipe.acts.size();
    std::size_t const wanted = kept + 1 + dice.below(most_ / 2 + 1);
    for (std::size_t tries = 0; recipe.acts.size() < wanted && tries < 4 * wanted; ++tries) {
        add(recipe, dice);
    }
    if (recipe.acts.size() == kept) return recipe;
    // The first act of the branch comes right at the moment, or somewhat later.
    Site const site(base_, recipe, dice);
    recipe.acts[kept].after = dice.below(2) == 0 ? site.instant() : site.pause();
    // Hosts ask as often as before, and so there are no long pauses where that is often.
    Duration const longest = seconds(static_cast<std::int64_t>(400 / recipe.open_rate));
    for (std::size_t a = kept; a < recipe.acts.size(); ++a) {
        recipe.acts[a].after = std::min(recipe.acts[a].after, longest);
    }
    recipe.acts[kept].after = recipe.acts[kept].after + at - reached;
    return recipe;
}

Scenario Drawing::scenario(Recipe const& recipe) const {
    Scenario made = base_;
    made.steps.clear();
    made.expect = {};
    made.bounded.reset();
    set_workload(made.workload, recipe);
    furnish(made.cluster, recipe);
    auto const put = [&](Action action) {
        made.steps.push_back(language::make_step(std::move(action), made.cluster));
    };
    if (settles(base_)) {
        for (std::uint16_t m = 0; m < made.cluster.mirrors.size(); ++m) {
            put(step::Wait{language::MirrorState{m, language::MirrorIs::fully_operational},
                           hours(24)});
        }
    }
    for (Act const& act : recipe.acts) {
        if (act.after > Duration{}) put(step::Pass{act.after});
        put(act.action);
    }
    for (Act const& act : recipe.acts) mend(act.action, base_, put);
    std::optional<NodeId> const lost = lost_for_good(base_, recipe);
    if (lost) put(step::PowerCut{*lost, {}});
    for (std::uint8_t n = 0; n < made.cluster.nodes.size(); ++n) {
        if (is_shared(base_, NodeId{n}) || lost == NodeId{n}) continue;
        put(step::Resume{NodeId{n}});
        put(step::Restart{NodeId{n}});
    }
    for (Act const& act : recipe.acts) {
        // A node has to run to take in what waits.
        auto const* memory = std::get_if<step::FillMemory>(&act.action);
        bool const full = memory != nullptr && memory->full && lost != memory->node;
        if (full) put(step::FillMemory{memory->node, false});
    }
    for (std::uint16_t m = 0; m < made.cluster.mirrors.size(); ++m) {
        bool const has_one = std::ranges::any_of(
            made.workload, [&](language::Workload const& one) { return one.mirror == m; });
        if (has_one) put(step::StopWorkload{m});
    }
    put(step::Pass{minutes(3)});
    for (std::uint16_t m = 0; m < made.cluster.mirrors.size(); ++m) {
        for (NodeId const node : made.cluster.mirrors[m].on) {
            using Order = nodes::Order;
            if (lost == node) continue;
            put(step::Ordered{m, node, {Order::Kind::enter_service, {}}, "", false});
            for (NodeId const target : made.cluster.mirrors[m].on) {
                if (target != node)
                    put(step::Ordered{m, node, {Order::Kind::resume, target}, "", false});
            }
        }
    }
    if (has(recipe.diet, Kind::one_is_left) && !lost) leave_one(base_, recipe, put);
    return made;
}

}  // namespace sunder::campaign
