// SPDX-License-Identifier: BSD-3-Clause
//
// The comparison at the moment of completion, and what is excepted from it.
#include "netsim/checkers/resync_convergence.h"

#include "netsim/volumes.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

using replication::RecordKind;

void ResyncConvergence::on(View& view, seen::RecordSent const& sent) {
    bool const from_host = sent.kind != RecordKind::resync && sent.kind != RecordKind::settle;
    Slot const self = view.chronicle.slot(sent.group, sent.node);
    if (!from_host || view.chronicle.group(sent.group).asynchronous[self.value] == 0) return;
    if (newest_.empty()) newest_.resize(view.chronicle.groups() * replication::max_copies);
    Newest& mine = newest_[sent.group.value * replication::max_copies + self.value];
    // Flushes count towards what is outstanding, so they take a place too.
    if (sent.sequence == mine.newest) return;  // on another leg
    mine.newest = sent.sequence;
    mine.ranges.resize(view.mirror(sent.group).asynchronous_limit + 64U);
    mine.ranges[mine.next % mine.ranges.size()] = sent.range;
    ++mine.next;
}

/// Its machines count anew.
void ResyncConvergence::on(View& view, seen::NodeStarted const& started) {
    if (newest_.empty()) return;
    for (CopySim const& copy : view.world.node(started.node).copies) {
        newest_[copy.group * replication::max_copies + copy.slot.value] = Newest{};
    }
}

/// True when a host's write to the sector may not have reached the target.
bool ResyncConvergence::on_the_way(View const& view, GroupId group, NodeId source, Slot target,
                                   Extent sector) const {
    bool found = false;
    view.ledger.for_each_open(group, [&](Request const& request) {
        found = found || (request.changes() && request.range.overlaps(sector));
    });
    Slot const self = view.chronicle.slot(group, source);
    bool const lags = view.chronicle.group(group).is_asynchronous(self, target);
    if (found || !lags || newest_.empty()) return found;
    Newest const& sent = newest_[group.value * replication::max_copies + self.value];
    replication::Channel const* channel =
        replication::channel_of(view.machine(source, group)->leg(target));
    if (channel == nullptr || sent.ranges.empty()) return false;
    std::size_t const outstanding =
        std::min<std::size_t>({channel->outstanding, sent.ranges.size(), sent.next});
    for (std::size_t i = 1; i <= outstanding; ++i) {
        if (sent.ranges[(sent.next - i) % sent.ranges.size()].overlaps(sector)) return true;
    }
    return false;
}

void ResyncConvergence::on(View& view, From from,
                           replication::note::CopyCompleted const& completed) {
    NodeId const source = view.mirror(from.group).on[completed.source.value];
    Slot const self = view.chronicle.slot(from.group, from.node);
    auto const* following = std::get_if<replication::leg::Following>(
        &view.machine(from.node, from.group)->leg(completed.source));
    if (view.machine(source, from.group) == nullptr || following == nullptr) return;
    // A source that has given the leg up, or paused it, has gone on without this target.
    replication::Channel const* channel =
        replication::channel_of(view.machine(source, from.group)->leg(self));
    if (channel == nullptr || channel->connection != following->connection) return;
    bool judged = false;
    Image::for_each_difference(
        view.image(source, from.group), view.image(from.node, from.group),
        view.mirrored(from.group), [&](Extent difference) {
            for (std::uint64_t s = difference.first; s < difference.end() && !judged; ++s) {
                if (on_the_way(view, from.group, source, self, {s, 1})) continue;
                if (!view.unexplained(text.name, from.group, {s, 1}, {source, from.node})) continue;
                judged = true;
                auto const holds = [&](NodeId node) {
                    return describe_found(view.world, view.ledger, from.group,
                                          view.image(node, from.group).at(s));
                };
                view.violated(
                    text, from.group,
                    fmt::format("The resync from {} to {} completed, but they differ at {} of {}: "
                                "{} holds {}, {} holds {}, and no write to it is on the way",
                                view.name(source), view.name(from.node),
                                sector_in_words(view.mirror(from.group), s),
                                view.mirror(from.group).name, view.name(source), holds(source),
                                view.name(from.node), holds(from.node)));
            }
            return !judged;
        });
}

}  // namespace sunder::netsim
