// SPDX-License-Identifier: BSD-3-Clause
//
// When a mirror is quiet, and what must then be equal.
#include "netsim/checkers/mirror_equality.h"

#include "netsim/volumes.h"

#include <fmt/format.h>
#include <optional>

namespace sunder::netsim {

namespace {

using replication::MirrorMachine;

bool is_target(View const& view, GroupId group, NodeId source, Slot peer) {
    return (view.machine(source, group)->peers() & replication::bit_of(peer)) != 0;
}

/// The node that serves a mirror which is fully operational and quiet.
std::optional<NodeId> quiet_source(View const& view, GroupId group) {
    auto const& members = view.mirror(group).on;
    std::optional<NodeId> source;
    for (NodeId const node : members) {
        MirrorMachine const* machine = view.machine(node, group);
        if (machine != nullptr && !machine->in_mirror()) continue;  // R94
        if (machine == nullptr || view.world.node(node).paused || !machine->quiet())
            return std::nullopt;
        if (!machine->open()) continue;
        if (source) return std::nullopt;
        source = node;
    }
    if (!source) return std::nullopt;
    for (std::uint8_t p = 0; p < members.size(); ++p) {
        if (!is_target(view, group, *source, Slot{p})) continue;
        auto const* leg =
            std::get_if<replication::leg::Mirroring>(&view.machine(*source, group)->leg(Slot{p}));
        Slot const here = view.chronicle.slot(group, *source);
        auto const* following =
            std::get_if<replication::leg::Following>(&view.machine(members[p], group)->leg(here));
        bool const joined = leg != nullptr && leg->channel.outstanding == 0 &&
                            !leg->channel.settling.running && following != nullptr &&
                            following->phase == replication::leg::Following::Phase::mirroring;
        if (!joined) return std::nullopt;
    }
    return source;
}

/// How many chunks one copy's log names towards the other.
std::uint64_t bits(View const& view, GroupId group, NodeId of, NodeId towards) {
    return view.machine(of, group)->log().bits(view.chronicle.slot(group, towards)).count();
}

}  // namespace

void MirrorEquality::compare(View& view, GroupId group, NodeId source) {
    for (NodeId const target : view.mirror(group).on) {
        if (!is_target(view, group, source, view.chronicle.slot(group, target))) continue;
        Image::for_each_difference(
            view.image(source, group), view.image(target, group), view.mirrored(group),
            [&](Extent whole) {
                auto const rest = view.unexplained(text.name, group, whole, {source, target});
                if (!rest) return true;
                Extent const difference = *rest;
                auto const holds = [&](NodeId node) {
                    return describe_found(view.world, view.ledger, group,
                                          view.image(node, group).at(difference.first));
                };
                view.violated(
                    text, group,
                    fmt::format("{} is fully operational and quiet, but {} differ: {} holds "
                                "{}, {} holds {}",
                                view.mirror(group).name,
                                sectors_in_words(view.mirror(group), difference), view.name(source),
                                holds(source), view.name(target), holds(target)));
                return false;
            });
    }
}

void MirrorEquality::on(View& view, From from, replication::note::Settled const& settled) {
    if (view.world.events() < next_) return;
    NodeId const target = view.mirror(from.group).on[settled.peer.value];
    if (bits(view, from.group, from.node, target) != 0) return;
    std::optional<NodeId> const source = quiet_source(view, from.group);
    if (!source) return;
    next_ = view.world.events() + events_between;
    compare(view, from.group, *source);
}

void MirrorEquality::on(View& view, From from, replication::note::DiskFailed const& failed) {
    flush_failed_.resize(view.world.cluster().nodes.size());
    if (failed.what == replication::note::DiskFailed::What::flush)
        flush_failed_[from.node.value] = true;
}

void MirrorEquality::on(View& view, seen::NodeStarted const& started) {
    flush_failed_.resize(view.world.cluster().nodes.size());
    flush_failed_[started.node.value] = false;
}

void MirrorEquality::finish(View& view) {
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        GroupId const group{g};
        std::optional<NodeId> const source = quiet_source(view, group);
        if (!source) continue;
        compare(view, group, *source);
        bool const sticky = source->value < flush_failed_.size() && flush_failed_[source->value];
        bool const frozen = view.chronicle.any_frozen(group) || view.world.any_memory_full(group);
        if (view.world.goes_on() || sticky || frozen)
            continue;  // somebody may yet clear bits, or never will
        for (NodeId const target : view.mirror(group).on) {
            if (!is_target(view, group, *source, view.chronicle.slot(group, target))) continue;
            std::uint64_t const there = bits(view, group, *source, target);
            std::uint64_t const back = bits(view, group, target, *source);
            if (there + back == 0) continue;
            view.violated(
                text, group,
                fmt::format(
                    "{} is fully operational, quiet and nothing is pending, but {} still names "
                    "{} chunks towards {}, and {} names {} towards {}: they will never be "
                    "cleared",
                    view.mirror(group).name, view.name(*source), there, view.name(target),
                    view.name(target), back, view.name(*source)));
        }
    }
}

}  // namespace sunder::netsim
