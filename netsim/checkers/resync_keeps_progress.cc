// SPDX-License-Identifier: BSD-3-Clause
//
// What was left when a resync broke off.
#include "netsim/checkers/resync_keeps_progress.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

std::uint64_t chunks_of(replication::MirrorMachine const& machine, Extent range) {
    replication::Chunks const chunks = machine.log().chunks_of(range);
    return chunks.last - chunks.first + 1;
}

}  // namespace

void ResyncKeepsProgress::on(View& view, seen::HostAsked const& asked) {
    bool const changes = asked.op != replication::HostOp::read &&
                         asked.op != replication::HostOp::flush && asked.range.count != 0;
    if (!changes || left_.empty()) return;
    auto const* machine = view.machine(asked.node, asked.group);
    if (machine == nullptr) return;
    for (auto& [pair, left] : left_) {
        if (std::get<GroupId>(pair) == asked.group) left.chunks += chunks_of(*machine, asked.range);
    }
}

void ResyncKeepsProgress::on(View& view, seen::NodeDied const& died) {
    std::erase_if(left_, [&](auto const& one) {
        auto const& [group, source, target] = one.first;
        return source == died.node || view.mirror(group).on[target.value] == died.node;
    });
}

void ResyncKeepsProgress::on(View& view, From from,
                             replication::note::ResyncInterrupted const& interrupted) {
    auto const* machine = view.machine(from.node, from.group);
    if (machine == nullptr || !machine->open()) return;  // said by the target, or on the way out
    // A source may learn of the end after its target has died, and booted.
    Pair const pair{from.group, from.node, interrupted.peer};
    auto const started = started_.find(pair);
    auto const& died =
        view.chronicle.node(view.mirror(from.group).on[interrupted.peer.value]).died_at;
    if (started == started_.end()) return;
    auto const edited = edited_.find(from.group);
    bool const by_hand = edited != edited_.end() && edited->second >= started->second.apart;
    if (by_hand || (died && *died >= started->second.at)) return;
    Left left{interrupted.resync, interrupted.chunks_left};
    // What waits to be admitted has set no bit yet.
    view.ledger.for_each_open(from.group, [&](Request const& open) {
        if (open.changes()) left.chunks += chunks_of(*machine, open.range);
    });
    left_[pair] = left;
}

void ResyncKeepsProgress::on(View& view, From from,
                             replication::note::ResyncStarted const& started) {
    Pair const pair{from.group, from.node, started.peer};
    Slot const source = view.chronicle.slot(from.group, from.node);
    auto const& copy = view.chronicle.group(from.group).copies[source.value];
    started_[pair] = {view.now(), copy.pairs[started.peer.value].lost_at};
    auto const found = left_.find(pair);
    if (found == left_.end()) return;
    Left const left = found->second;
    left_.erase(found);
    if (left.resync != started.resync || started.chunks <= left.chunks) return;
    view.violated(
        text, from.group,
        fmt::format("The resync of {} from {} to {} goes on with {} chunks, though no more than {} "
                    "were left or changed since",
                    view.mirror(from.group).name, view.name(from.node),
                    view.name(view.mirror(from.group).on[started.peer.value]), started.chunks,
                    left.chunks));
}

/// On either side: the other one hears of it when they meet again.
void ResyncKeepsProgress::on(View& view, From from, replication::note::IntentLogEdited const&) {
    edited_[from.group] = view.now();
    forget(from.group);
}

void ResyncKeepsProgress::on(View&, NodeId node, nodes::note::LeftService const& left) {
    forget(left.group, node);
}

/// What a disk refuses may have to be copied again.
void ResyncKeepsProgress::on(View&, From from, replication::note::DiskFailed const&) {
    forget(from.group);
}

void ResyncKeepsProgress::forget(GroupId group, std::optional<NodeId> source) {
    std::erase_if(left_, [&](auto const& one) {
        bool const mine = !source || std::get<NodeId>(one.first) == *source;
        return std::get<GroupId>(one.first) == group && mine;
    });
}

}  // namespace sunder::netsim
