// SPDX-License-Identifier: BSD-3-Clause
//
// Who has quorum (R67, C.8), counted again from whom each node hears. For checkers that judge what
// nodes do with and without it; how votes count is in the engine's nodes/quorum.cc, which is not
// asked.
#pragma once

#include "netsim/checkers/view.h"

#include <vector>

namespace sunder::netsim {

class Votes {
public:
    void started(View& view, NodeId node);
    void heard(View& view, NodeId node, NodeId peer, bool is_heard);
    /// Whether a disk is reached cannot be told from whom a node hears.
    void reaches_storage(View& view, NodeId node, bool reaches);
    /// As of the last word about this node. Always, where the cluster does not ask for quorum.
    [[nodiscard]] bool has_quorum(View& view, NodeId node);

private:
    struct Node {
        std::vector<bool> hears;
        bool reaches_storage = false;
        bool has = false;
    };
    Node& of(View& view, NodeId node);
    [[nodiscard]] bool count(View& view, NodeId node);

    std::vector<Node> nodes_;
};

}  // namespace sunder::netsim
