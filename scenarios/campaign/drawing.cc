// SPDX-License-Identifier: BSD-3-Clause
//
// How each kind is drawn, and how everything is repaired in the end.
#include "scenarios/campaign/drawing.h"

#include "netsim/volumes.h"
#include "scenarios/language/write.h"

#include <algorithm>
#include <utility>

namespace sunder::campaign {

namespace {

namespace step = language::step;
using language::Action;
using language::Scenario;
using replication::HostOp;

bool has(Diet diet, Kind kind) { return (diet >> static_cast<unsigned>(kind) & 1) != 0; }

/// From 10 us to 100 s, every order of magnitude alike: what passes in a millisecond is met as well
/// as what takes all timeouts.
Duration pause(RandomStream& dice) {
    std::int64_t least = microseconds(10).ns;
    for (std::uint64_t order = dice.below(7); order > 0; --order) least *= 10;
    return nanoseconds(
        least + static_cast<std::int64_t>(dice.below(static_cast<std::uint64_t>(least) * 9)));
}
Duration instant(RandomStream& dice) {
    return microseconds(static_cast<std::int64_t>(dice.below(300)));
}

/// All mirrors come to be fully operational by themselves.
bool settles(Scenario const& scenario) {
    bool const all_start = std::ranges::all_of(
        scenario.cluster.nodes, [](netsim::NodeSetup const& node) { return node.started; });
    return all_start && std::ranges::all_of(scenario.cluster.mirrors, [](auto const& mirror) {
               return std::ranges::find(mirror.extended, false) == mirror.extended.end();
           });
}

bool is_shared(Scenario const& scenario, NodeId node) {
    return !scenario.cluster.nodes[node.value].shared_by.empty();
}

}  // namespace

std::string_view name_of(Kind kind) {
    static constexpr std::string_view names[] = {
        "crash",        "power cut", "freeze",     "cut",       "one-way cut",  "isolate",
        "flap",         "reset",     "half open",  "slow disk", "failing disk", "twice",
        "switch over",  "force",     "keep apart", "take out",  "missing shot", "read",
        "flush",        "fua",       "trim",       "hung disk", "medium error", "full disk",
        "skewed clock", "lie",       "rollback"};
    static_assert(std::size(names) == static_cast<std::size_t>(Kind::last));
    return names[static_cast<std::size_t>(kind)];
}

NodeId Drawing::server(RandomStream& dice) const {
    // A server of no copy may be a witness, or share a disk.
    for (;;) {
        NodeId const node{static_cast<std::uint8_t>(dice.below(base_.cluster.nodes.size()))};
        if (!is_shared(base_, node)) return node;
    }
}

NodeId Drawing::copy_of(std::uint16_t mirror, RandomStream& dice) const {
    auto const& on = base_.cluster.mirrors[mirror].on;
    return on[dice.below(on.size())];
}

void Drawing::fault(Recipe& recipe, Kind kind, RandomStream& dice) const {
    auto const any_mirror = static_cast<std::uint16_t>(dice.below(base_.cluster.mirrors.size()));
    Duration const after = pause(dice);
    auto const put = [&](Action action) { recipe.acts.push_back({after, std::move(action)}); };
    switch (kind) {
        case Kind::crash:
            return put(step::Crash{server(dice), {}});
        case Kind::power_cut:
            return put(step::PowerCut{server(dice), {}});
        case Kind::freeze: {
            NodeId const node = server(dice);
            put(step::Pause{node});
            recipe.acts.push_back({pause(dice), step::Resume{node}});
            return;
        }
        case Kind::reset:
        case Kind::half_open: {
            NodeId const a = copy_of(any_mirror, dice);
            NodeId const b = copy_of(any_mirror, dice);
            if (a != b) put(step::Reset{a, b, kind == Kind::half_open});
            return;
        }
        case Kind::slow_disk:
            return put(step::SlowDisk{copy_of(any_mirror, dice),
                                      static_cast<std::uint32_t>(2 + dice.below(60))});
        case Kind::failing_disk: {
            std::uint64_t const what = 1 + dice.below(7);
            return put(step::FailDisk{copy_of(any_mirror, dice), (what & 1) != 0, (what & 2) != 0,
                                      (what & 4) != 0});
        }
        case Kind::missing_shot:
            if (base_.cluster.fencing) put(step::FailFencing{server(dice), true});
            return;
        case Kind::cut:
        case Kind::one_way_cut:
        case Kind::isolate:
        case Kind::flap:
            return links(recipe, kind, dice);
        case Kind::twice:
        case Kind::switch_over:
        case Kind::force:
        case Kind::keep_apart:
        case Kind::take_out:
        case Kind::read:
        case Kind::flush:
        case Kind::fua:
        case Kind::trim:
        case Kind::hung_disk:
        case Kind::medium_error:
        case Kind::full_disk:
        case Kind::skewed_clock:
        case Kind::lie:
        case Kind::rollback:
        case Kind::last:
            return;
    }
}

/// What goes wrong with disks beside refusing, and with clocks.
void Drawing::injure(Recipe& recipe, Kind kind, RandomStream& dice) const {
    auto const mirror = static_cast<std::uint16_t>(dice.below(base_.cluster.mirrors.size()));
    NodeId const node = copy_of(mirror, dice);
    std::uint64_t const sectors = base_.cluster.mirrors[mirror].sectors;
    // Where hosts ask, too.
    constexpr std::uint64_t block = 8;
    std::uint64_t const blocks = std::clamp<std::uint64_t>(sectors / block, 1, 32);
    std::uint64_t const at = dice.below(blocks) * block;
    step::DiskPart const part{mirror, at, std::min(block * (1 + dice.below(4)), sectors - at)};
    auto const count = static_cast<std::uint32_t>(1 + dice.below(3));
    auto const put = [&](Action action) { recipe.acts.push_back({pause(dice), action}); };
    if (kind == Kind::hung_disk) {
        put(step::HangDisk{node});
        if (dice.below(2) == 0) put(step::FailDisk{node, false, false, false});
    } else if (kind == Kind::medium_error) {
        std::uint64_t const what = 1 + dice.below(3);
        put(step::FailDisk{node, (what & 1) != 0, (what & 2) != 0, false, false, part, count});
    } else if (kind == Kind::full_disk) {
        put(step::FailDisk{node, false, false, false, true, std::nullopt, count});
        // What it could not store it waits for until it boots.
        if (!is_shared(base_, node)) {
            put(step::Crash{node, {}});
            put(step::Restart{node});
        }
    } else if (kind == Kind::skewed_clock) {
        static constexpr std::uint32_t percents[] = {10, 50, 300, 1000};
        put(step::SkewClock{server(dice), percents[dice.below(4)]});
    } else if (kind == Kind::lie) {
        put(step::CorruptDisk{node, static_cast<netsim::DiskLie>(dice.below(5)), part, count});
    } else if (kind == Kind::rollback && !is_shared(base_, node)) {
        using What = netsim::seen::RolledBack::What;
        put(step::TakeSnapshot{node});
        put(step::Crash{node, {}});
        recipe.acts.push_back({{}, step::RollBack{node, static_cast<What>(dice.below(3))}});
        put(step::Restart{node});
    }
}

void Drawing::links(Recipe& recipe, Kind kind, RandomStream& dice) const {
    auto const& all = base_.cluster.links;
    netsim::LinkSetup const& link = all[dice.below(all.size())];
    if (kind == Kind::flap) {
        Duration const period = pause(dice);
        for (std::uint64_t n = 2 + dice.below(4); n > 0; --n) {
            recipe.acts.push_back({period, step::Cut{link.a, link.b, false}});
            recipe.acts.push_back({period, step::Heal{link.a, link.b}});
        }
        return;
    }
    if (kind != Kind::isolate) {
        bool const turned = dice.below(2) == 0;
        recipe.acts.push_back(
            {pause(dice), step::Cut{turned ? link.b : link.a, turned ? link.a : link.b,
                                    kind == Kind::one_way_cut}});
        return;
    }
    netsim::Vertex const lone = server(dice).value;
    std::vector<std::pair<netsim::Vertex, netsim::Vertex>> around;
    for (netsim::LinkSetup const& one : all) {
        if (one.a == lone || one.b == lone) around.emplace_back(one.a, one.b);
    }
    for (bool const heals : {false, true}) {
        // Two orders that have nothing to do with each other.
        for (std::size_t i = around.size(); i > 1; --i) {
            std::swap(around[i - 1], around[dice.below(i)]);
        }
        for (auto const& [a, b] : around) {
            Duration const after = dice.below(3) == 0 ? pause(dice) : instant(dice);
            recipe.acts.push_back(
                {after, heals ? Action{step::Heal{a, b}} : Action{step::Cut{a, b, false}}});
        }
    }
}

void Drawing::operate(Recipe& recipe, Kind kind, RandomStream& dice) const {
    using Order = nodes::Order;
    auto const mirror = static_cast<std::uint16_t>(dice.below(base_.cluster.mirrors.size()));
    NodeId const node = copy_of(mirror, dice);
    Duration const after = pause(dice);
    auto const order = [&](Order::Kind what, std::optional<NodeId> target = std::nullopt) {
        recipe.acts.push_back({after, step::Ordered{mirror, node, {what, target}, "", false}});
    };
    switch (kind) {
        case Kind::switch_over:
            recipe.acts.push_back({after, step::SwitchOver{mirror, node, "", false}});
            return;
        case Kind::force:
            recipe.acts.push_back({after, step::ForceOnline{mirror, node, "", false}});
            return;
        case Kind::keep_apart: {
            NodeId const target = copy_of(mirror, dice);
            bool const ends = dice.below(2) == 0;
            return order(ends ? Order::Kind::resume : Order::Kind::pause, target);
        }
        case Kind::take_out:
            return order(dice.below(2) == 0 ? Order::Kind::enter_service
                                            : Order::Kind::leave_service);
        case Kind::crash:
        case Kind::power_cut:
        case Kind::freeze:
        case Kind::cut:
        case Kind::one_way_cut:
        case Kind::isolate:
        case Kind::flap:
        case Kind::reset:
        case Kind::half_open:
        case Kind::slow_disk:
        case Kind::failing_disk:
        case Kind::twice:
        case Kind::missing_shot:
        case Kind::read:
        case Kind::flush:
        case Kind::fua:
        case Kind::trim:
        case Kind::hung_disk:
        case Kind::medium_error:
        case Kind::full_disk:
        case Kind::skewed_clock:
        case Kind::lie:
        case Kind::rollback:
        case Kind::last:
            return;
    }
}

/// A few requests on whichever node serves: all are asked, and only that one answers.
void Drawing::request(Recipe& recipe, Kind kind, RandomStream& dice) const {
    auto const mirror = static_cast<std::uint16_t>(dice.below(base_.cluster.mirrors.size()));
    netsim::MirrorSetup const& setup = base_.cluster.mirrors[mirror];
    std::vector<Extent> const parts = netsim::parts_of(setup);
    Extent const part = parts[dice.below(parts.size())];
    constexpr std::uint64_t block = 8;
    std::uint64_t const blocks = std::clamp<std::uint64_t>(part.count / block, 1, 32);
    for (std::uint64_t n = 1 + dice.below(5); n > 0; --n) {
        HostOp const op = kind == Kind::read    ? HostOp::read
                          : kind == Kind::flush ? HostOp::flush
                          : kind == Kind::trim  ? HostOp::trim
                                                : HostOp::write;
        std::uint64_t const at = part.first + dice.below(blocks) * block;
        std::uint64_t const most = part.end() - at;
        std::uint64_t const length = std::min(block * (1 + dice.below(3)), most);
        Duration after = instant(dice);
        for (NodeId const node : setup.on) {
            step::Ask ask{mirror, node, op, at, length, kind == Kind::fua};
            if (op == HostOp::flush) ask.at = ask.sectors = 0;
            recipe.acts.push_back({after, ask});
            after = {};
        }
    }
}

void Drawing::repair(Recipe& recipe, RandomStream& dice) const {
    Duration const after = pause(dice);
    NodeId const node = server(dice);
    auto const& links = base_.cluster.links;
    netsim::LinkSetup const& link = links[dice.below(links.size())];
    auto const mirror = static_cast<std::uint16_t>(dice.below(base_.cluster.mirrors.size()));
    std::uint64_t const what = dice.below(5);
    if (what < 2) {
        recipe.acts.push_back({after, step::Restart{node}});
    } else if (what == 2) {
        recipe.acts.push_back({after, step::Heal{link.a, link.b}});
    } else if (what == 3) {
        recipe.acts.push_back({after, step::FailDisk{copy_of(mirror, dice), false, false, false}});
    } else {
        recipe.acts.push_back(
            {after, step::ResolveSplitBrain{mirror, copy_of(mirror, dice), "", false}});
    }
}

void Drawing::add_kind(Recipe& recipe, Kind kind, RandomStream& dice) const {
    switch (kind) {
        case Kind::twice: {
            auto const die = [&](Duration after, NodeId node) {
                bool const power = dice.below(2) == 0;
                recipe.acts.push_back({after, power ? Action{step::PowerCut{node, {}}}
                                                    : Action{step::Crash{node, {}}}});
            };
            NodeId const first = server(dice);
            die(pause(dice), first);
            if (dice.below(2) == 0) recipe.acts.push_back({pause(dice), step::Restart{first}});
            die(dice.below(2) == 0 ? instant(dice) : pause(dice), server(dice));
            return;
        }
        case Kind::switch_over:
        case Kind::force:
        case Kind::keep_apart:
        case Kind::take_out:
            return operate(recipe, kind, dice);
        case Kind::read:
        case Kind::flush:
        case Kind::fua:
        case Kind::trim:
            return request(recipe, kind, dice);
        case Kind::crash:
        case Kind::power_cut:
        case Kind::freeze:
        case Kind::cut:
        case Kind::one_way_cut:
        case Kind::isolate:
        case Kind::flap:
        case Kind::reset:
        case Kind::half_open:
        case Kind::slow_disk:
        case Kind::failing_disk:
        case Kind::missing_shot:
            return fault(recipe, kind, dice);
        case Kind::hung_disk:
        case Kind::medium_error:
        case Kind::full_disk:
        case Kind::skewed_clock:
        case Kind::lie:
        case Kind::rollback:
            return injure(recipe, kind, dice);
        case Kind::last:
            return;
    }
}

void Drawing::add(Recipe& recipe, RandomStream& dice) const {
    std::uint64_t const what = dice.below(10);
    if (what < 3) return repair(recipe, dice);
    if (what < 5) return request(recipe, Kind::last, dice);  // plain writes
    std::vector<Kind> allowed;
    for (unsigned k = 0; k < static_cast<unsigned>(Kind::last); ++k) {
        if (has(recipe.diet, static_cast<Kind>(k))) allowed.push_back(static_cast<Kind>(k));
    }
    if (!allowed.empty()) add_kind(recipe, allowed[dice.below(allowed.size())], dice);
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
    return recipe;
}

Recipe Drawing::varied(Recipe const& from, RandomStream& dice) const {
    Recipe recipe = from;
    std::uint64_t const how = dice.below(4);
    if (how == 0) recipe.seed = 1 + dice.below(1U << 30);
    if (recipe.acts.empty() || how == 1) {
        add(recipe, dice);
        return recipe;
    }
    std::size_t const at = dice.below(recipe.acts.size());
    auto const place = recipe.acts.begin() + static_cast<std::ptrdiff_t>(at);
    if (how == 2) {
        recipe.acts.erase(place);
    } else {
        recipe.acts[at].after = pause(dice);
    }
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
    // The first act of the branch comes right at the moment, or somewhat later.
    if (recipe.acts.size() > kept) {
        recipe.acts[kept].after = at - reached + (dice.below(2) == 0 ? instant(dice) : pause(dice));
    }
    return recipe;
}

Scenario Drawing::scenario(Recipe const& recipe) const {
    Scenario made = base_;
    made.steps.clear();
    made.expect = {};
    made.bounded.reset();
    for (language::Workload& workload : made.workload) {
        workload.started = true;
        if (workload.rate) {
            workload.rate->per_second = std::min(workload.rate->per_second, recipe.rate);
        } else {
            // A closed loop would fill any time with as many as it can.
            workload.count = 10 * recipe.rate;
        }
        workload.reads_percent = has(recipe.diet, Kind::read) ? 30 : 0;
        workload.flush_every.reset();
        if (has(recipe.diet, Kind::flush)) workload.flush_every = 16;
    }
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
    // A mended disk is fast again, too.
    for (Act const& act : recipe.acts) {
        if (auto const* failed = std::get_if<step::FailDisk>(&act.action)) {
            put(step::FailDisk{failed->node, false, false, false});
        } else if (auto const* slow = std::get_if<step::SlowDisk>(&act.action)) {
            put(step::FailDisk{slow->node, false, false, false});
        } else if (auto const* hung = std::get_if<step::HangDisk>(&act.action)) {
            put(step::FailDisk{hung->node, false, false, false});
        } else if (auto const* lying = std::get_if<step::CorruptDisk>(&act.action)) {
            put(step::FailDisk{lying->node, false, false, false});
        } else if (auto const* skewed = std::get_if<step::SkewClock>(&act.action)) {
            put(step::SkewClock{skewed->node, 100});
        } else if (auto const* cut = std::get_if<step::Cut>(&act.action)) {
            put(step::Heal{cut->a, cut->b});
        } else if (auto const* missing = std::get_if<step::FailFencing>(&act.action)) {
            put(step::FailFencing{missing->node, false});
        }
    }
    for (std::uint8_t n = 0; n < made.cluster.nodes.size(); ++n) {
        if (is_shared(base_, NodeId{n})) continue;
        put(step::Resume{NodeId{n}});
        put(step::Restart{NodeId{n}});
    }
    for (std::uint16_t m = 0; m < made.cluster.mirrors.size(); ++m) put(step::StopWorkload{m});
    put(step::Pass{minutes(3)});
    for (std::uint16_t m = 0; m < made.cluster.mirrors.size(); ++m) {
        for (NodeId const node : made.cluster.mirrors[m].on) {
            using Order = nodes::Order;
            put(step::Ordered{m, node, {Order::Kind::enter_service, {}}, "", false});
            for (NodeId const target : made.cluster.mirrors[m].on) {
                if (target != node)
                    put(step::Ordered{m, node, {Order::Kind::resume, target}, "", false});
            }
        }
    }
    return made;
}

}  // namespace sunder::campaign
