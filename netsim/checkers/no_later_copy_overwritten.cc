// SPDX-License-Identifier: BSD-3-Clause
//
// What proves that a target holds nothing that its source lacks.
#include "netsim/checkers/no_later_copy_overwritten.h"

#include <fmt/format.h>

namespace sunder::netsim {

void NoLaterCopyOverwritten::on(View& view, From from,
                                replication::note::LegChanged const& changed) {
    bool const given_up =
        changed.direction == replication::Direction::inward && changed.to == LegState::resyncing;
    NodeId const source = view.mirror(from.group).on[changed.peer.value];
    auto const* source_machine = view.machine(source, from.group);
    auto const* target_machine = view.machine(from.node, from.group);
    if (!given_up || source_machine == nullptr || target_machine == nullptr) return;
    Slot const self = view.chronicle.slot(from.group, from.node);
    replication::Cell const& mine = target_machine->cell();
    replication::Cell const& theirs = source_machine->cell();
    // What another life of the source has said before its disks were replaced (FLT-4) is the word
    // of nobody now: no block will follow it.
    replication::Leg const& leg = source_machine->leg(self);
    bool const begins = std::holds_alternative<replication::leg::Preparing>(leg) ||
                        std::holds_alternative<replication::leg::Resyncing>(leg);
    if (!theirs.current && !begins) return;
    bool const blank = !mine.current;
    bool const ancestor =
        theirs.descends_from(mine.current.id) || theirs.peers[self.value].base == mine.current;
    if ((blank || ancestor) && !target_machine->open()) return;
    view.violated(
        text, from.group,
        fmt::format("{} gives up its copy of {} to a resync from {} without an operator's word, "
                    "but {}",
                    view.name(from.node), view.mirror(from.group).name, view.name(source),
                    target_machine->open()
                        ? "it is in service"
                        : "nothing proves that it holds no later data: its generation is neither "
                          "an ancestor of the source's nor the one that bits are counted since"));
}

}  // namespace sunder::netsim
