// SPDX-License-Identifier: BSD-3-Clause
//
// From when on writes count, and what an inversion is called.
#include "netsim/checkers/dependent_writes_in_order.h"

#include "netsim/volumes.h"

#include <fmt/format.h>

namespace sunder::netsim {

using replication::LegState;

DependentWritesInOrder::InSync& DependentWritesInOrder::of(View const& view, GroupId group,
                                                           NodeId node) {
    if (in_sync_.empty()) in_sync_.resize(view.chronicle.groups() * replication::max_copies);
    return in_sync_[group.value * replication::max_copies + view.chronicle.slot(group, node).value];
}

void DependentWritesInOrder::came_in_sync(View const& view, From from, Slot source) {
    Slot const self = view.chronicle.slot(from.group, from.node);
    if (view.chronicle.group(from.group).is_asynchronous(source, self))
        of(view, from.group, from.node) = {source, view.now()};
}

void DependentWritesInOrder::on(View& view, From from,
                                replication::note::LegChanged const& changed) {
    bool const in_sync_at_once = changed.direction == replication::Direction::inward &&
                                 changed.from == LegState::handshaking &&
                                 changed.to == LegState::mirroring;
    if (in_sync_at_once) came_in_sync(view, from, changed.peer);
}

void DependentWritesInOrder::on(View& view, From from,
                                replication::note::CopyCompleted const& completed) {
    came_in_sync(view, from, completed.source);
}

void DependentWritesInOrder::on(View& view, NodeId node, nodes::note::CameInService const& came) {
    Chronicle::Group const& group = view.chronicle.group(came.group);
    auto const& watched = view.chronicle.copy(came.group, node).watched;
    Slot const self = view.chronicle.slot(came.group, node);
    if (came.forced || !watched || !group.is_asynchronous(*watched, self)) return;
    InSync const& mine = of(view, came.group, node);
    if (mine.source != *watched) return;
    NodeId const source = group.members[mine.source.value];
    auto const found = view.ledger.inversion(
        came.group, view.image(node, came.group), source, mine.since,
        [&](std::uint64_t sector, Content content) {
            return view.injured(text.name, {came.group, node, sector}, content);
        });
    if (!found) return;
    view.violated(
        text, came.group,
        fmt::format("{} came in service with {}, but without {}, which was acknowledged before "
                    "that one was asked for; {} of {} hold something else",
                    view.name(node), describe(view.world, *found->there),
                    describe(view.world, *found->missing),
                    sectors_in_words(view.mirror(came.group), found->where),
                    view.mirror(came.group).name));
}

}  // namespace sunder::netsim
