// SPDX-License-Identifier: BSD-3-Clause
//
// An operator at a real node: what he says on its control socket, and what he hears.
#pragma once

#include "nodes/extension.h"
#include "nodes/orders.h"

#include <expected>
#include <string>
#include <vector>

namespace sunder::staged {

struct AdminAnswer {
    bool granted = false;
    std::string rule;     ///< by which it was refused
    std::string trouble;  ///< nobody answered, or not as an answer looks
};

/// Takes as long as the node does; whoever stands still is waited for until he goes on or ends.
AdminAnswer ask_node(std::string const& control, std::vector<std::string> const& words);

/// The intent logs of a node's copy, a line for each other one. The error says why nobody tells.
std::expected<std::vector<std::string>, std::string> examine_intent_logs(std::string const& control,
                                                                         std::string const& mirror);

/// How `sunder ctl` calls it.
std::string verb_of(nodes::Order::Kind kind);
/// The words of an edit, at the node where it is asked; none where real nodes have no such edit.
std::vector<std::string> words_of(nodes::Extension const& edit, std::string const& mirror,
                                  std::string const& server);

}  // namespace sunder::staged
