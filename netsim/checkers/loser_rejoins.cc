// SPDX-License-Identifier: BSD-3-Clause
//
// Who has conceded, and whether the winner has begun with it.
#include "netsim/checkers/loser_rejoins.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

bool suffers(View const& view, NodeId node, GroupId group) {
    return view.world.copy(node, group)->disk->suffers();
}

}  // namespace

void LoserRejoins::on(View& view, From from, replication::note::Conceded const&) {
    if (view.mirror(from.group).on.size() == 2) losers_[from.group] = from.node;
}

void LoserRejoins::on(View&, From from, replication::note::LegChanged const& changed) {
    auto const found = losers_.find(from.group);
    if (found == losers_.end() || found->second != from.node) return;
    bool const begun = changed.to == LegState::resyncing || changed.to == LegState::mirroring ||
                       changed.to == LegState::paused;
    if (begun) losers_.erase(found);
}

/// They have parted again.
void LoserRejoins::on(View&, NodeId, nodes::note::SplitBrain const& split) {
    losers_.erase(split.group);
}

void LoserRejoins::on(View&, NodeId, nodes::note::ExtensionChanged const& changed) {
    losers_.erase(changed.group);
}

void LoserRejoins::finish(View& view) {
    if (view.world.goes_on()) return;
    for (auto const& [group, loser] : losers_) {
        auto const& on = view.mirror(group).on;
        NodeId const winner = on[0] == loser ? on[1] : on[0];
        auto const* wins = view.machine(winner, group);
        auto const* loses = view.machine(loser, group);
        bool const awaited = wins != nullptr && wins->open() && loses != nullptr &&
                             !loses->open() && view.in_contact(winner, loser);
        bool const sick = view.chronicle.any_frozen(group) || view.world.any_memory_full(group) ||
                          suffers(view, winner, group) || suffers(view, loser, group);
        if (!awaited || sick) continue;
        view.violated(
            text, group,
            fmt::format("{} has given up its side of {} to {}, which has it in service and hears "
                        "it, and nothing more will happen by itself; but it is no target yet",
                        view.name(loser), view.mirror(group).name, view.name(winner)));
    }
}

}  // namespace sunder::netsim
