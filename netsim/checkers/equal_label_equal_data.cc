// SPDX-License-Identifier: BSD-3-Clause
//
// The comparison at the handshake's word.
#include "netsim/checkers/equal_label_equal_data.h"

#include "netsim/volumes.h"

#include <fmt/format.h>

namespace sunder::netsim {

/// What a source declares on an old word its target refuses; so the comparison of that moment is a
/// finding only when the target takes the mirror up.
void EqualLabelEqualData::on(View& view, From from, replication::note::LegChanged const& changed) {
    bool const declared =
        changed.from == LegState::handshaking && changed.to == LegState::mirroring;
    if (!declared) return;
    NodeId const peer = view.mirror(from.group).on[changed.peer.value];
    bool const outward = changed.direction == replication::Direction::outward;
    NodeId const source = outward ? from.node : peer;
    NodeId const target = outward ? peer : from.node;
    auto const of_this_leg = [&](Declared const& one) {
        return one.group == from.group && one.source == source && one.target == target;
    };
    if (outward) {
        std::erase_if(declared_, of_this_leg);
        if (view.machine(target, from.group) == nullptr) return;  // it died while it was spoken of
        if (auto difference = compare(view, from.group, source, target)) {
            declared_.push_back({from.group, source, target, std::move(*difference)});
        }
        return;
    }
    for (Declared const& one : declared_) {
        if (of_this_leg(one)) view.violated(text, from.group, one.difference);
    }
    std::erase_if(declared_, of_this_leg);
}

std::optional<std::string> EqualLabelEqualData::compare(View const& view, GroupId group,
                                                        NodeId source, NodeId target) {
    Image const& mine = view.image(source, group);
    Image const& theirs = view.image(target, group);
    std::optional<std::string> found;
    Image::for_each_difference(mine, theirs, view.mirrored(group), [&](Extent whole) {
        auto const rest = view.unexplained(text.name, group, whole, {source, target});
        if (!rest) return true;
        Extent const difference = *rest;
        bool open = false;
        view.ledger.for_each_open(group, [&](Request const& request) {
            open = open || (request.changes() && request.range.overlaps(difference));
        });
        if (open) return true;
        auto const holds = [&](Image const& image) {
            return describe_found(view.world, view.ledger, group, image.at(difference.first));
        };
        found = fmt::format(
            "{} and {} are declared in sync with {} without a resync, but {} differ: "
            "{} holds {}, {} holds {}",
            view.name(source), view.name(target), view.mirror(group).name,
            sectors_in_words(view.mirror(group), difference), view.name(source), holds(mine),
            view.name(target), holds(theirs));
        return false;
    });
    return found;
}

}  // namespace sunder::netsim
