// SPDX-License-Identifier: BSD-3-Clause
//
// Whose copy it is that came in service.
#include "netsim/checkers/targets_for_ever_never_serve.h"

#include <fmt/format.h>

namespace sunder::netsim {

void TargetsForEverNeverServe::on(View& view, NodeId node, nodes::note::CameInService const& came) {
    std::size_t const place = view.chronicle.slot(came.group, node).value;
    if (!view.mirror(came.group).never_serves(place)) return;
    view.violated(
        text, came.group,
        fmt::format("{} brings {} in service{}, and its copy is a target for ever", view.name(node),
                    view.mirror(came.group).name, came.forced ? " by force" : ""));
}

}  // namespace sunder::netsim
