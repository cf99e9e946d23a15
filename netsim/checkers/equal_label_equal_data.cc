// SPDX-License-Identifier: BSD-3-Clause
//
// The comparison at the handshake's word.
#include "netsim/checkers/equal_label_equal_data.h"

#include <fmt/format.h>

namespace sunder::netsim {

void EqualLabelEqualData::on(View& view, From from, replication::note::LegChanged const& changed) {
    bool const declared = changed.direction == replication::Direction::outward &&
                          changed.from == LegState::handshaking &&
                          changed.to == LegState::mirroring;
    if (!declared) return;
    NodeId const target = view.mirror(from.group).on[changed.peer.value];
    if (view.machine(target, from.group) == nullptr) return;  // it died while it was spoken of
    Image const& mine = view.image(from.node, from.group);
    Image const& theirs = view.image(target, from.group);
    Image::for_each_difference(mine, theirs, view.mirrored(from.group), [&](Extent difference) {
        bool open = false;
        view.ledger.for_each_open(from.group, [&](Request const& request) {
            open = open || (request.changes() && request.range.overlaps(difference));
        });
        if (open) return true;
        auto const holds = [&](Image const& image) {
            return describe_found(view.world, view.ledger, from.group, image.at(difference.first));
        };
        view.findings.violated(
            text.name, text.rule, view.now(),
            fmt::format("{} and {} are declared in sync with {} without a resync, but sectors "
                        "{}..{} differ: {} holds {}, {} holds {}",
                        view.name(from.node), view.name(target), view.mirror(from.group).name,
                        difference.first, difference.end() - 1, view.name(from.node), holds(mine),
                        view.name(target), holds(theirs)));
        return false;
    });
}

}  // namespace sunder::netsim
