// SPDX-License-Identifier: BSD-3-Clause
//
// Who still waits when nothing will ever happen.
#include "netsim/checkers/every_request_ends.h"

#include <fmt/format.h>
#include <algorithm>
#include <bit>

namespace sunder::netsim {

void EveryRequestEnds::finish(View& view) {
    if (view.world.goes_on()) return;  // its answer may be on the way
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        GroupId const group{g};
        auto const& on = view.mirror(group).on;
        view.ledger.for_each_open(group, [&](Request const& request) {
            if (view.world.node(request.node).paused) return;
            std::size_t const mirrors = static_cast<std::size_t>(
                std::popcount(view.chronicle.in_sync_targets(group, request.node)));
            if (view.world.cluster().policy.guarded && mirrors + 1 < on.size()) {
                view.findings.allowed(text.name, "held back by a guarded policy");
                return;
            }
            bool const hangs = std::ranges::any_of(
                on, [&](NodeId node) { return view.world.copy(node, group)->disk->faults.hangs; });
            if (hangs) {
                view.findings.allowed(text.name, "a disk hangs");
                return;
            }
            if (view.world.any_memory_full(group)) {
                view.findings.allowed(text.name, "memory is full");
                return;
            }
            if (view.chronicle.any_frozen(group)) {
                view.findings.allowed(text.name, "frozen: something could not be stored");
                return;
            }
            view.violated(text, group,
                          fmt::format("{}, though {} runs and nothing is pending: it will "
                                      "never be",
                                      describe(view.world, request), view.name(request.node)));
        });
    }
}

}  // namespace sunder::netsim
