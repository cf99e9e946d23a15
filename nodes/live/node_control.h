// SPDX-License-Identifier: BSD-3-Clause
//
// What operators say to a node that serves, and what they see of it: verbs in words, status as
// JSON, metrics for Prometheus, events, over HTTP on a Unix socket. Which words are granted is
// decided by the node's machine.
#pragma once

#include "nodes/live/array_service.h"
#include "nodes/live/array_words.h"
#include "nodes/live/control_server.h"
#include "nodes/live/node_driver.h"

#include <expected>
#include <memory>
#include <span>
#include <string>

namespace sunder::live {

class NodeControl {
public:
    static std::expected<std::unique_ptr<NodeControl>, std::string> listen(
        std::string const& socket, NodeDriver& node, ArrayService& array, EventRing& events);

    void start() { server_->start(); }
    void stop() { server_->stop(); }

private:
    NodeControl(NodeDriver& node, ArrayService& array) : node_(node), array_(array) {}
    ControlReply handle(ControlRequest const& request);
    ControlReply ask(std::span<std::string const> words);
    std::string parties(std::vector<std::size_t> const& mirrors);
    ControlReply ask_array(std::span<std::string const> words);
    ControlReply change_array(ArrayRequest const& request, std::span<std::string const> words);
    ControlReply set_breakpoint(std::span<std::string const> words);

    NodeDriver& node_;
    ArrayService& array_;
    std::unique_ptr<ControlServer> server_;
};

}  // namespace sunder::live
