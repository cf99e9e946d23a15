// SPDX-License-Identifier: BSD-3-Clause
//
// A record that came too late, and what became of its leg.
#include "netsim/checkers/earlier_eras_refused.h"

#include <fmt/format.h>

namespace sunder::netsim {

void EarlierErasRefused::on(View& view, seen::RecordArrived const& arrived) {
    if (!arrived.late) return;
    auto const* machine = view.machine(arrived.node, arrived.group);
    if (machine == nullptr) return;
    Slot const from = view.chronicle.slot(arrived.group, arrived.from);
    if (replication::connection_of(machine->leg(from)) == nullptr) return;
    view.violated(
        text, arrived.group,
        fmt::format("{} took record {} of {} from {}, which was sent before the era that {} has "
                    "accepted since",
                    view.name(arrived.node), arrived.sequence, view.mirror(arrived.group).name,
                    view.name(arrived.from), view.name(arrived.node)));
}

}  // namespace sunder::netsim
