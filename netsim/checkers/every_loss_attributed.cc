// SPDX-License-Identifier: BSD-3-Clause
//
// Matching what was forced with who asked for it and what was recorded.
#include "netsim/checkers/every_loss_attributed.h"

#include <fmt/format.h>

namespace sunder::netsim {

EveryLossAttributed::Word& EveryLossAttributed::word(View const& view, GroupId group, NodeId node) {
    if (words_.empty()) words_.resize(view.chronicle.groups() * replication::max_copies);
    return words_[group.value * replication::max_copies + view.chronicle.slot(group, node).value];
}

void EveryLossAttributed::on(View& view, seen::OperatorAsked const& asked) {
    if (!asked.of_a_copy()) return;
    Word& said = word(view, asked.group, asked.node);
    said.asked = said.asked || asked.what == seen::OperatorAsked::What::force_online;
    said.named = said.named || asked.what == seen::OperatorAsked::What::resolve_split_brain;
}

void EveryLossAttributed::on(View& view, seen::NodeDied const& died) {
    for (CopySim const& copy : view.world.node(died.node).copies) {
        word(view, GroupId{copy.group}, died.node) = Word{};
    }
}

void EveryLossAttributed::on(View& view, From from, replication::note::OverrideRecorded const&) {
    word(view, from.group, from.node).recorded = true;
}

void EveryLossAttributed::on(View& view, From from, replication::note::Conceded const& conceded) {
    if (conceded.by != replication::note::Conceded::By::the_operator) return;
    Word& said = word(view, from.group, from.node);
    if (!said.named) {
        view.violated(text, from.group,
                      fmt::format("{} gave up what was written to {} there, but no "
                                  "operator had named it the loser",
                                  view.name(from.node), view.mirror(from.group).name));
    }
    said.named = false;
}

void EveryLossAttributed::on(View& view, NodeId node, nodes::note::CameInService const& came) {
    Word& said = word(view, came.group, node);
    if (!came.forced) return;
    Losses const& losses = view.ledger.losses(came.group);
    bool const counted = losses.node == node && losses.at == view.now();
    std::string const cost =
        counted && losses.writes != 0
            ? fmt::format("{} acknowledged writes were lost by it", losses.writes)
            : "no acknowledged write was lost by it this time";
    if (!said.asked) {
        view.violated(text, came.group,
                      fmt::format("{} came in service with {} by force, but no operator had "
                                  "asked for it; {}",
                                  view.name(node), view.mirror(came.group).name, cost));
    } else if (!said.recorded) {
        view.violated(text, came.group,
                      fmt::format("{} was forced online with {} and left no record of the "
                                  "override; {}",
                                  view.name(node), view.mirror(came.group).name, cost));
    }
    said = Word{};
}

}  // namespace sunder::netsim
