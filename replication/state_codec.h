// SPDX-License-Identifier: BSD-3-Clause
//
// A mirror machine as bytes: all that it is but its configuration, so that it can go on from where
// it was in another process. For recordings, which begin with it where the beginning of a life is
// gone. What is read back takes the same inputs to the same outputs.
#pragma once

#include "base/codec.h"
#include "replication/mirror_machine.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>

namespace sunder::replication {

/// Of the format, said first (u8); every machine that has other members has another one.
inline constexpr std::uint8_t state_version = 1;

void encode(MirrorMachine const& machine, ByteWriter& to);
/// Requires the configuration that the machine had. The error says what, at which byte, and what
/// would be right.
std::expected<MirrorMachine, std::string> decode_state(std::shared_ptr<GroupConfig const> config,
                                                       std::span<std::byte const> bytes);

}  // namespace sunder::replication
