// SPDX-License-Identifier: BSD-3-Clause
//
// Who is kept apart, and whether anybody says so.
#include "netsim/checkers/resumed_mirrors.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

bool disk_suffers(View const& view, NodeId node, GroupId group) {
    return view.world.copy(node, group)->disk->suffers();
}

}  // namespace

void ResumedMirrors::finish(View& view) {
    if (view.world.goes_on()) return;
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        GroupId const group{g};
        if (view.chronicle.any_frozen(group) || view.world.any_memory_full(group)) continue;
        auto const& on = view.mirror(group).on;
        for (NodeId const source : on) {
            auto const* machine = view.machine(source, group);
            if (machine == nullptr || disk_suffers(view, source, group)) continue;
            for (std::uint8_t p = 0; p < on.size(); ++p) {
                bool const apart = std::holds_alternative<replication::leg::Paused>(
                    machine->leg(replication::Slot{p}));
                bool const wanted = machine->cell().peers[p].paused;
                if (!apart || wanted || !view.in_contact(source, on[p]) ||
                    disk_suffers(view, on[p], group)) {
                    continue;
                }
                view.violated(
                    text, group,
                    fmt::format("{} keeps the copy of {} on {} apart, which it hears, and nothing "
                                "more will happen by itself; but it was told to resume",
                                view.name(source), view.mirror(group).name, view.name(on[p])));
            }
        }
    }
}

}  // namespace sunder::netsim
