// SPDX-License-Identifier: BSD-3-Clause
//
// The reduced cluster, and the steps of a counterexample.
#include "scenarios/language/exhaust.h"

#include "scenarios/language/write.h"

#include <fmt/format.h>

namespace sunder::language {

namespace {

using netsim::Action;
constexpr std::uint16_t the_mirror = 0;
/// Nothing takes longer in a cluster of a few blocks.
constexpr Duration converges_within = hours(10);

/// The cluster with so few blocks, each a chunk of the intent log, and a limit that can be reached.
netsim::Cluster reduced(netsim::Cluster cluster, netsim::Bounds const& bounds) {
    netsim::MirrorSetup& mirror = cluster.mirrors[the_mirror];
    mirror.sectors = bounds.blocks;
    mirror.volumes.clear();  // they share an address space, and its order is what is explored
    mirror.sectors_on.clear();
    if (mirror.intent_log_chunk) mirror.intent_log_chunk = ByteCount{sector_bytes};
    mirror.asynchronous_limit = std::min<std::uint32_t>(mirror.asynchronous_limit, 2);
    mirror.initially_in_sync = true;
    for (netsim::NodeSetup& node : cluster.nodes) node.started = true;
    // Jitter is one more order; a beat lost is a peer that is silent, and needs a fault of its own.
    for (netsim::LinkSetup& link : cluster.links) {
        link.there.jitter = link.back.jitter = Duration{};
        link.there.loss = link.back.loss = Share{};
    }
    return cluster;
}

language::Action action_of(netsim::Happening const& happened, netsim::Cluster const& cluster) {
    Action const& action = happened.action;
    auto const& links = cluster.links;
    auto const ask = [&](replication::HostOp op) {
        return step::Ask{the_mirror, action.node, op, action.where, 1, false};
    };
    auto const ordered = [&](nodes::Order::Kind kind) {
        return step::Ordered{the_mirror, action.node, {kind}, "", false};
    };
    switch (action.kind) {
        case Action::Kind::event:
            return step::Event{happened.words};
        case Action::Kind::write:
            return ask(replication::HostOp::write);
        case Action::Kind::flush:
            return step::Ask{the_mirror, action.node, replication::HostOp::flush, 0, 0, false};
        case Action::Kind::crash:
            return step::Crash{action.node, happened.picks};
        case Action::Kind::power_cut:
            return step::PowerCut{action.node, happened.picks};
        case Action::Kind::restart:
            return step::Restart{action.node};
        case Action::Kind::cut:
            return step::Cut{links[action.where].a, links[action.where].b, false};
        case Action::Kind::heal:
            return step::Heal{links[action.where].a, links[action.where].b};
        case Action::Kind::reset:
            return step::Reset{action.node, cluster.mirrors[the_mirror].on[action.where], false};
        case Action::Kind::force:
            return step::ForceOnline{the_mirror, action.node, "", false};
        case Action::Kind::switch_over:
            return step::SwitchOver{the_mirror, action.node, "", false};
        case Action::Kind::read:
            return ask(replication::HostOp::read);
        case Action::Kind::trim:
            return ask(replication::HostOp::trim);
        case Action::Kind::pause:
            return ordered(nodes::Order::Kind::pause);
        case Action::Kind::resume:
            return ordered(nodes::Order::Kind::resume);
        case Action::Kind::fail_disk: {
            netsim::DiskFaults const faults = netsim::faults_of(action);
            return step::FailDisk{action.node, faults.reads, faults.writes, faults.flushes};
        }
        case Action::Kind::mend_disk:
            return step::FailDisk{action.node, false, false, false};
    }
    return step::Rest{converges_within};
}

std::string amount(std::uint64_t number, char const* what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace

Scenario replay_of(Scenario const& scenario, netsim::Cluster const& cluster,
                   netsim::Counterexample const& found, std::string const& how) {
    Scenario replay;
    replay.title = fmt::format("{} is broken ({})", found.violation.property, found.violation.rule);
    replay.about = fmt::format("{} found within the bound of '{}'. {}", how, scenario.title,
                               found.violation.story);
    replay.source = fmt::format("{} of the bound {}", scenario.path, in_words(*scenario.bounded));
    replay.cluster = cluster;
    replay.steps.push_back(make_step(step::Rest{converges_within}, cluster));
    for (netsim::Happening const& happened : found.path) {
        replay.steps.push_back(make_step(action_of(happened, cluster), cluster));
    }
    replay.steps.push_back(make_step(step::Rest{converges_within}, cluster));
    replay.expect.always = {found.violation.property};
    return replay;
}

std::string in_words(netsim::Bounds const& bounds) {
    netsim::Amounts const& most = bounds.most;
    std::string made =
        fmt::format("{}, {}", amount(bounds.blocks, "block"), amount(most.writes, "write"));
    auto const add = [&](std::uint64_t number, char const* what) {
        if (number != 0) made += ", " + amount(number, what);
    };
    if (most.flushes != 0)
        made += fmt::format(", {} flush{}", most.flushes, most.flushes == 1 ? "" : "es");
    add(most.reads, "read");
    add(most.trims, "trim");
    if (most.crashes != 0)
        made += fmt::format(", {} crash{}", most.crashes, most.crashes == 1 ? "" : "es");
    add(most.power_cuts, "power cut");
    add(most.cuts, "cut");
    add(most.resets, "reset");
    add(most.forces, "force");
    add(most.switchovers, "switchover");
    add(most.pauses, "pause");
    add(most.disk_faults, "disk fault");
    if (bounds.faults < most.faults()) made += fmt::format(", at most {} faults", bounds.faults);
    if (bounds.deviations != netsim::any_number) {
        made += ", at most " + amount(bounds.deviations, "deviation");
    }
    return made + (bounds.timing == netsim::Timing::any_order ? "; timers in any order"
                                                              : "; timers by duration");
}

std::optional<netsim::World> bounded_world(Scenario const& scenario) {
    return netsim::at_rest(
        std::make_shared<netsim::Cluster const>(reduced(scenario.cluster, *scenario.bounded)));
}

std::optional<Exhausted> exhaust(Scenario const& scenario,
                                 std::function<bool(netsim::Reached const&)> const& pulse,
                                 Exhausting const& how) {
    std::optional<netsim::World> const world = bounded_world(scenario);
    if (!world) return std::nullopt;
    netsim::SearchOptions options;
    options.bounds = *scenario.bounded;
    options.pulse = pulse;
    options.reduce = how.reduce;
    options.jobs = how.jobs;
    options.together = how.together;
    options.seen = how.seen;
    options.recall = how.recall;
    Exhausted done;
    done.result = netsim::search(*world, options);
    if (done.result.counterexample) {
        bool const in_turn = options.bounds.deviations != netsim::any_number;
        done.replay = replay_of(
            scenario, world->cluster(), *done.result.counterexample,
            in_turn
                ? "The way with the fewest faults, and then the fewest deviations, that a search"
                : "The shortest way that a search of every order of events");
    }
    return done;
}

}  // namespace sunder::language
