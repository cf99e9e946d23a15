// SPDX-License-Identifier: BSD-3-Clause
//
// The states that status tells, as words and back: who writes them and who reads them go by one
// list.
#pragma once

#include "nodes/hierarchy_machine.h"
#include "replication/note.h"

#include <optional>
#include <string_view>

namespace sunder::live {

std::string_view name_of(nodes::hierarchy::ResourceState const& state);

// Nothing: there is none of that name.
std::optional<replication::LegState> leg_state_named(std::string_view name);
std::optional<nodes::hierarchy::ResourceState> resource_state_named(std::string_view name);

/// "disconnected, handshaking, ..."
std::string_view all_leg_states();

/// Of a mirror, in one word.
inline constexpr std::string_view split_brain_state = "split brain";

}  // namespace sunder::live
