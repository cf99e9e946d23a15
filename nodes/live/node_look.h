// SPDX-License-Identifier: BSD-3-Clause
//
// What there is to see of a node at one moment, for those who tell it: each machine is looked at
// once, and nobody is kept from its work by whoever puts it into words.
#pragma once

#include "nodes/live/node_driver.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::live {

struct LegStatus {
    std::string_view peer;
    replication::LegState state = replication::LegState::disconnected;
    bool synchronous = true;
    bool split = false;
    bool awaited = false;                 // requests are held because of it
    std::uint64_t out_of_step_bytes = 0;  // by this copy's intent log
    std::optional<replication::SplitBrainLoss> loss{};
    /// Records that it was sent and has not confirmed; nothing: it is sent none from here.
    std::optional<std::uint32_t> unconfirmed{};
    std::uint32_t limit = 0;  // of these, where nobody waits for it
    /// Of a resync from here: what is not there yet.
    std::optional<std::uint64_t> resync_left_bytes{};
    GroupDriver::Traffic traffic{};
};

struct MirrorStatus {
    bool open = false;
    bool open_apart = false;
    replication::Cell cell;
    std::vector<LegStatus> legs;
    GroupDriver::Holding holding{};
    /// Of the image that its cell names; nothing: it names none.
    std::optional<GroupDriver::ImageRoom> image{};
};

/// One of what stands on a mirror.
struct AboveStatus {
    std::string name;
    std::string_view type;
    nodes::hierarchy::ResourceState state;
    std::vector<std::string> needs;
};

struct NodeLook {
    std::vector<std::optional<replication::RuleText>> rules;
    std::vector<std::optional<NodeDriver::LastOrder>> orders;
    std::vector<std::vector<AboveStatus>> above;  // by mirror
    std::vector<bool> connected;
    std::string quorum;
    bool has_quorum = false;
};

MirrorStatus look(NodeDriver& node, std::size_t place);
NodeLook look(NodeDriver& node);

/// As DataKeeper's own display has it (R9, R10); derived, never stored. `rule`: why it is, or is
/// not, in service here.
std::string_view in_one_word(MirrorStatus const& status,
                             std::optional<replication::RuleText> const& rule);
bool is_up(AboveStatus const& one);

}  // namespace sunder::live
