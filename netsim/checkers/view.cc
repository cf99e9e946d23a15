// SPDX-License-Identifier: BSD-3-Clause
//
// Which of what a checker finds is the doing of a disk, or of a memory that was put back.
#include "netsim/checkers/view.h"

#include <utility>

namespace sunder::netsim {

namespace {

/// The injury of some copy that explains it; null when there is none.
std::pair<Injury const*, NodeId> explanation(View const& view, GroupId group, std::uint64_t sector,
                                             std::initializer_list<NodeId> copies) {
    for (NodeId const node : copies) {
        Injury const* injury =
            view.injuries.on_disk({group, node, sector}, view.image(node, group).at(sector));
        if (injury != nullptr) return {injury, node};
    }
    return {nullptr, {}};
}

bool allow(View const& view, std::string_view property, Injury const* injury, NodeId node) {
    if (injury == nullptr) return false;
    if (view.injuries.count(property, *injury, node)) {
        view.findings.allowed(property, Injuries::name(view.world, *injury, node));
    }
    return true;
}

}  // namespace

void View::violated(CheckerText const& property, GroupId group, std::string story) const {
    std::optional<std::string> const doubt = doubts.of(world, group);
    if (doubt && !property.without_memory) return findings.allowed(property.name, *doubt);
    findings.violated(property.name, property.rule, now(), std::move(story));
}

void View::violated(CheckerText const& property, ArrayId, std::string story) const {
    findings.violated(property.name, property.rule, now(), std::move(story));
}

bool View::injured(std::string_view property, Injuries::Place const& place, Content found) const {
    return allow(*this, property, injuries.on_disk(place, found), place.node);
}

bool View::misread(std::string_view property, Injuries::Place const& place, Content found) const {
    return allow(*this, property, injuries.in_answer(place, found), place.node);
}

std::optional<Extent> View::unexplained(GroupId group, Extent where,
                                        std::initializer_list<NodeId> copies) const {
    if (injuries.none()) return where;
    for (std::uint64_t s = where.first; s < where.end(); ++s) {
        bool const explained = explanation(*this, group, s, copies).first != nullptr;
        if (!explained) return Extent{s, where.end() - s};
    }
    return std::nullopt;
}

std::optional<Extent> View::unexplained(std::string_view property, GroupId group, Extent where,
                                        std::initializer_list<NodeId> copies) const {
    auto const rest = unexplained(group, where, copies);
    if (rest) return rest;
    for (std::uint64_t s = where.first; s < where.end(); ++s) {
        auto const [injury, node] = explanation(*this, group, s, copies);
        allow(*this, property, injury, node);
    }
    return std::nullopt;
}

}  // namespace sunder::netsim
