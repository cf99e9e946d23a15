// SPDX-License-Identifier: BSD-3-Clause
//
// The machines of a node that live a recorded life once more: what came in comes in again, and what
// comes out has to be the same. Whatever differs is a machine that has been changed since, or one
// that does not depend on its inputs alone.
#pragma once

#include "nodes/hierarchy_machine.h"
#include "nodes/live/recording.h"
#include "nodes/node_machine.h"
#include "replication/mirror_machine.h"

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sunder::live {

class Replayer {
public:
    explicit Replayer(NodeSetup const& setup);

    // Called for each note, in the order in which they came out.
    std::function<void(nodes::Note const&)> node_noted = [](nodes::Note const&) {};
    std::function<void(std::size_t mirror, replication::Note const&)> mirror_noted =
        [](std::size_t, replication::Note const&) {};
    std::function<void(std::size_t mirror, nodes::hierarchy::Note const&)> above_noted =
        [](std::size_t, nodes::hierarchy::Note const&) {};

    /// Takes the next input. The error says what cannot come in here, or that something else came
    /// out than then, and what it was; nothing may be taken after it.
    std::expected<void, std::string> step(Recording::Entry const& entry);

private:
    using Stepped = std::expected<Fingerprint, std::string>;
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
    std::string came_out_;  // of the last step
};

/// "12.345678 s, mirror datarep: a message".
std::string in_words(Recording::Entry const& entry, NodeSetup const& setup);

}  // namespace sunder::live
