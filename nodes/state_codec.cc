// SPDX-License-Identifier: BSD-3-Clause
//
// A node's machines to bytes and back.
#include "nodes/state_codec.h"

#include "nodes/state_format.h"

#include <fmt/format.h>

namespace sunder::nodes {

namespace {

template <class Machine>
void encode_machine(Machine const& machine, ByteWriter& to) {
    to.u8(state_version);
    Encoder(to, ContentIs::inside).put(machine);
}

/// Into one that was made with the configuration.
template <class Machine>
std::expected<Machine, std::string> decode_into(Machine machine, std::span<std::byte const> bytes) {
    ByteReader from(bytes);
    Decoder decoder(from, ContentIs::inside);
    decoder.version(state_version);
    decoder.get("machine", machine);
    return decoder.finish(std::move(machine));
}

}  // namespace

std::string flaw_of(Membership const& read) {
    std::size_t const peers = read.config_->peers.size();
    std::size_t const witnesses = read.config_->quorum.ask_witnesses ? peers : 0;
    if (read.peers_.size() == peers && read.hears_.size() == witnesses) return "";
    return fmt::format("knows {} peers, {} would be right", read.peers_.size(), peers);
}

std::string flaw_of(NodeMachine const& read) {
    std::size_t const resources = read.config_->resources.size();
    if (read.resources_.size() == resources) return "";
    return fmt::format("has {} mirrors, {} would be right", read.resources_.size(), resources);
}

void encode(NodeMachine const& machine, ByteWriter& to) { encode_machine(machine, to); }

std::expected<NodeMachine, std::string> decode_state(std::shared_ptr<NodeConfig const> config,
                                                     std::span<std::byte const> bytes) {
    return decode_into(NodeMachine(std::move(config)), bytes);
}

namespace hierarchy {

std::string flaw_of(HierarchyMachine const& read) {
    if (!read.hierarchy_) return "has no hierarchy";
    std::size_t const resources = read.hierarchy_->resources().size();
    if (read.states_.size() == resources) return "";
    return fmt::format("has {} resources in a state, {} would be right", read.states_.size(),
                       resources);
}

void encode(HierarchyMachine const& machine, ByteWriter& to) { encode_machine(machine, to); }

std::expected<HierarchyMachine, std::string> decode_state(std::span<std::byte const> bytes) {
    return decode_into(HierarchyMachine(std::make_shared<Hierarchy const>()), bytes);
}

}  // namespace hierarchy

}  // namespace sunder::nodes
