// SPDX-License-Identifier: BSD-3-Clause
//
// What the intent logs of two copies name for the pair: what is believed now, and what would be
// after a crash of both. The log of a node that is down is what its next boot would read from its
// pages. Whether anything ought to be named is for others to say.
#pragma once

#include "netsim/world.h"
#include "replication/intent_log.h"

#include <cstdint>
#include <optional>

namespace sunder::netsim {

/// What the next boot of the copy's node would read; nothing when it keeps none or is blank.
[[nodiscard]] std::optional<replication::IntentLog> log_at_rest(CopySim const& copy);

/// Null where a copy keeps no log or has none.
struct PairLogs {
    replication::Slot a;
    replication::Slot b;
    replication::IntentLog const* of_a = nullptr;
    replication::IntentLog const* of_b = nullptr;

    /// True when the chunk is named now, and would be after a crash of both nodes now.
    [[nodiscard]] bool name(std::uint64_t chunk) const;
};

}  // namespace sunder::netsim
