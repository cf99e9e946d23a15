// SPDX-License-Identifier: BSD-3-Clause
//
// What a mirror group is configured to be: the same on every node but for the own slot. Constant
// while the machine lives. Sizes are those of all its volumes together, which share one address
// space; how many there are, and where, is the driver's business.
#pragma once

#include "base/ids.h"
#include "base/units.h"
#include "replication/cell.h"
#include "replication/pace.h"
#include "replication/split_brain.h"

#include <optional>

#include <cstdint>
#include <string_view>

namespace sunder::replication {

/// What a source does when its own disk refuses something (DESIGN 4). Never does an error become
/// data (SAF-14), and a failed flush is believed no more until the next start (G11).
enum class DiskErrors : std::uint8_t {
    fail_requests,     ///< the host is told, and the source goes on
    leave_service,     ///< and a target that is in sync is asked to take over
    read_from_target,  ///< as md does for a bad block; what cannot be written leaves service
};
std::string_view name_of(DiskErrors);

struct GroupConfig {
    Slot self;
    unsigned copies = 2;
    PerCopy<NodeId> nodes{};
    GroupId group;
    std::uint64_t sectors = 0;               ///< of the own copy
    std::uint64_t mirrored_sectors = 0;      ///< of the source; no target is smaller (R5)
    PerCopy<bool> synchronous{};             ///< R13: per pair
    std::uint32_t asynchronous_limit = 256;  ///< R11: outstanding writes
    bool intent_log = true;
    std::uint64_t chunk_sectors = 128;
    bool bitmap_merge = true;  ///< R22
    bool guarded = false;
    SplitBrainPolicy split_brain = SplitBrainPolicy::disconnect;  ///< C.3
    DiskErrors disk_errors = DiskErrors::fail_requests;
    bool may_be_moved = true;  ///< R65: no, a source whose disk fails goes on
    /// How much of a copy a resync may overwrite before the array drops the image of what was there
    /// before; 0: none is kept.
    std::uint64_t fallback_sectors = 0;
    std::optional<Slot> split_brain_loser;  ///< whom `discard_node` names, if it has a copy
    Duration settle_interval = seconds(5);
    /// A resync run is what the link carries in 100 ms, from 64 KiB to 16 MiB; the window is
    /// bandwidth times delay. Both in sectors, made by the driver, which knows the links.
    std::uint64_t run_sectors = 2048;
    std::uint64_t window_sectors = 8192;
    ResyncRate resync_rate;     ///< R47
    bool first_source = false;  ///< creates the mirror (R91)
    bool born_in_sync = false;  ///< R44: no content yet on either side
};

}  // namespace sunder::replication
