// SPDX-License-Identifier: BSD-3-Clause
//
// What a checker is shown together with an observation: the world as the event left it, the
// chronicle as it was before the observation, the ledger with the question, answer or death in its
// books, the injuries that disks have done to their data, whose memory is in doubt, and where
// findings go.
#pragma once

#include "netsim/array_setup.h"
#include "netsim/checkers/array_book.h"
#include "netsim/checkers/checker.h"
#include "netsim/checkers/chronicle.h"
#include "netsim/checkers/doubts.h"
#include "netsim/checkers/injuries.h"
#include "netsim/checkers/ledger.h"

#include <initializer_list>
#include <optional>
#include <string_view>

namespace sunder::netsim {

/// Who noted it: the copy of `group` on `node`.
struct From {
    NodeId node;
    GroupId group;
};

/// A checker takes what interests it by overloads of
///     void on(View&, <an alternative of Observation> const&);
///     void on(View&, From, <an alternative of replication::Note> const&);
///     void on(View&, NodeId, <an alternative of nodes::Note> const&);
/// and, if it has deadlines, `deadline()` and `passed(View&)`; if it looks at the end,
/// `finish(View&)`.
struct View {
    World const& world;
    Findings& findings;
    Chronicle const& chronicle;
    Ledger& ledger;
    Injuries& injuries;
    Doubts const& doubts;
    ArrayBook const& arrays;

    [[nodiscard]] Duration now() const { return world.now(); }
    [[nodiscard]] std::string const& name(NodeId node) const { return world.node(node).name; }
    [[nodiscard]] std::string const& name(ArrayId array) const {
        return world.cluster().arrays[array.value].name;
    }
    [[nodiscard]] MirrorSetup const& mirror(GroupId group) const {
        return world.cluster().mirrors[group.value];
    }
    [[nodiscard]] Image const& image(NodeId node, GroupId group) const {
        return world.copy(node, group)->disk->image();
    }
    /// The property did not hold for the mirror; allowed by name while a memory in it is in doubt,
    /// if the property builds on memory.
    void violated(CheckerText const& property, GroupId group, std::string story) const;
    void violated(CheckerText const& property, ArrayId array, std::string story) const;
    /// The part of a disk that is mirrored.
    [[nodiscard]] Extent mirrored(GroupId group) const { return {0, mirror(group).sectors}; }
    /// True when a disk's lie explains why the copy holds this content there: nobody is to blame,
    /// and the injury is counted, once for each property and copy, by the lie's name.
    [[nodiscard]] bool injured(std::string_view property, Injuries::Place const& place,
                               Content found) const;
    /// The same of what a host of the node was told.
    [[nodiscard]] bool misread(std::string_view property, Injuries::Place const& place,
                               Content found) const;
    /// What is left of the extent from the first sector on in which no lie explains what any of
    /// the copies holds; nothing when all of it is explained, which is then counted.
    [[nodiscard]] std::optional<Extent> unexplained(std::string_view property, GroupId group,
                                                    Extent where,
                                                    std::initializer_list<NodeId> copies) const;
    /// The same, and nothing is counted: for questions that are only supposed.
    [[nodiscard]] std::optional<Extent> unexplained(GroupId group, Extent where,
                                                    std::initializer_list<NodeId> copies) const;
    /// The machine of a copy; null while its node is down.
    [[nodiscard]] replication::MirrorMachine const* machine(NodeId node, GroupId group) const {
        CopySim const* copy = world.copy(node, group);
        return copy != nullptr && copy->machine ? &*copy->machine : nullptr;
    }
    /// True when both nodes run and each hears the other.
    [[nodiscard]] bool in_contact(NodeId a, NodeId b) const {
        return netsim::in_contact(world, a, b);
    }
};

}  // namespace sunder::netsim
