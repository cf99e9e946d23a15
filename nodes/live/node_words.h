// SPDX-License-Identifier: BSD-3-Clause
//
// What operators ask of a node, in words: which verbs there are, and what each asks of the node's
// machine. Whether that is granted is decided there.
#pragma once

#include "nodes/live/node_setup.h"
#include "nodes/live/words.h"
#include "nodes/seam.h"

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sunder::live {

struct NodeRequest {
    using Asked = std::variant<nodes::input::SwitchOver, nodes::input::ForceOnline,
                               nodes::input::ResolveSplitBrain, nodes::input::Ordered,
                               nodes::input::ConfirmFailover, nodes::input::EditExtension>;

    std::string_view verb{};
    Asked asked{};
    /// Those that it is about, by place: its own, or all that the other node has a copy of.
    std::vector<std::size_t> mirrors{};
};

/// What the machine is asked, under a name of the request's own.
nodes::Input input_of(NodeRequest::Asked const& asked, nodes::AdminId id);

std::span<Grammar const> node_grammars();

/// Mirrors and nodes are named as in `setup`. The error is all that is wrong, a line each, and what
/// would be right.
std::expected<NodeRequest, std::string> read_node_request(std::span<std::string const> words,
                                                          NodeSetup const& setup);

}  // namespace sunder::live
