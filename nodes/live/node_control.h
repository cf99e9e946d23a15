// SPDX-License-Identifier: BSD-3-Clause
//
// What operators say to a node that serves, and what they see of it: verbs in words, status as
// JSON, metrics for Prometheus, events, over HTTP on a Unix socket; and by TCP, where one can look
// and say nothing. Which words are granted is decided by the node's machine.
#pragma once

#include "nodes/live/array_service.h"
#include "nodes/live/array_words.h"
#include "nodes/live/control_server.h"
#include "nodes/live/node_driver.h"

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace sunder::live {

class NodeControl {
public:
    struct Doors {
        std::string socket{};             ///< for operators; empty: there is none
        std::optional<Endpoint> shown{};  ///< where everybody may look, and ask for nothing
    };
    static std::expected<std::unique_ptr<NodeControl>, std::string> listen(Doors const& doors,
                                                                           NodeDriver& node,
                                                                           ArrayService& array,
                                                                           EventRing& events);

    void start();
    void stop();

private:
    NodeControl(NodeDriver& node, ArrayService& array) : node_(node), array_(array) {}
    ControlReply handle(ControlRequest const& request);
    ControlReply show(ControlRequest const& request);
    ControlReply ask(std::span<std::string const> words);
    std::string parties(std::vector<std::size_t> const& mirrors);
    ControlReply ask_array(std::span<std::string const> words);
    ControlReply change_array(ArrayRequest const& request, std::span<std::string const> words);
    ControlReply set_breakpoint(std::span<std::string const> words);

    NodeDriver& node_;
    ArrayService& array_;
    // Each has a thread and limits of its own: strangers keep no operator out.
    std::unique_ptr<ControlServer> server_;
    std::unique_ptr<ControlServer> shown_;
};

}  // namespace sunder::live
