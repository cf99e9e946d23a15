// SPDX-License-Identifier: BSD-3-Clause
//
// The machines of a node that live a recorded life once more: what came in comes in again, and what
// comes out has to be the same. Whatever differs is a machine that has been changed since, or one
// that does not depend on its inputs alone. Where the beginning of the life is gone, each machine
// begins as its first state says; what came into it before that is passed over.
#pragma once

#include "nodes/hierarchy_machine.h"
#include "nodes/live/recording.h"
#include "nodes/node_machine.h"
#include "replication/mirror_machine.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sunder::live {

class Replayer {
public:
    /// `from_the_beginning`: the first part of the life is there.
    explicit Replayer(NodeSetup const& setup, bool from_the_beginning = true);

    // Called for each note, in the order in which they came out.
    std::function<void(nodes::Note const&)> node_noted = [](nodes::Note const&) {};
    std::function<void(std::size_t mirror, replication::Note const&)> mirror_noted =
        [](std::size_t, replication::Note const&) {};
    std::function<void(std::size_t mirror, nodes::hierarchy::Note const&)> above_noted =
        [](std::size_t, nodes::hierarchy::Note const&) {};

    /// Takes the next input or state. The error says what cannot come in here, or that something
    /// else came out than then, and what it was, or that the machine is not what it was then;
    /// nothing may be taken after it.
    std::expected<void, std::string> step(Recording::Entry const& entry);
    /// How many inputs were, and how many could not be because their machine was not known yet.
    [[nodiscard]] std::uint64_t taken() const { return taken_; }
    [[nodiscard]] std::uint64_t passed_over() const { return passed_over_; }

private:
    using Stepped = std::expected<Fingerprint, std::string>;
    using Took = std::expected<void, std::string>;
    Took take_state(Recording::Entry const& entry);
    bool knows(RecordedMachine machine);
    Stepped step_node(Recording::Entry const& entry);
    Stepped step_mirror(Recording::Entry const& entry);
    Stepped step_hierarchy(Recording::Entry const& entry);

    struct Mirror {
        replication::MirrorMachine machine;
        bool started = false;
    };
    NodeSetup const& setup_;
    nodes::NodeMachine node_;
    bool node_started_ = false;
    std::vector<Mirror> mirrors_;
    std::vector<std::unique_ptr<nodes::hierarchy::HierarchyMachine>> hierarchies_;  // by mirror
    bool const from_the_beginning_;
    std::set<RecordedMachine> known_;  // by their states, where the beginning is gone
    std::uint64_t taken_ = 0;
    std::uint64_t passed_over_ = 0;
    std::string came_out_;  // of the last step
};

/// "12.345678 s, mirror datarep: a message".
std::string in_words(Recording::Entry const& entry, NodeSetup const& setup);

}  // namespace sunder::live
