// SPDX-License-Identifier: BSD-3-Clause
//
// The volumes of a node's array that its copies lie in: in which words those are made that are not
// there, and whether one that is there will do. Whatever is there stays as it is: a volume may be
// larger than its copy, and one whose mirror the node's file names no more is kept. Where the disk
// group has no room for another copy it gets a group of its own, since none of them grows.
#pragma once

#include "emulator/catalogue.h"
#include "nodes/live/copy_mark.h"
#include "nodes/live/node_setup.h"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::live {

/// Commands for the array, in words; none: all is there.
std::vector<std::vector<std::string>> words_for_copies(NodeSetup const& setup,
                                                       emulator::Catalogue const& catalogue);

/// The volume that holds so much of a copy which begins so. The error says what is there instead,
/// and what would be right.
std::expected<emulator::VolumeId, std::string> volume_for_copy(emulator::Catalogue const& catalogue,
                                                               std::string_view name,
                                                               std::uint64_t sectors,
                                                               CopyBegins begins);

}  // namespace sunder::live
