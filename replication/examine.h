// SPDX-License-Identifier: BSD-3-Clause
//
// What `bitmap -X` shows of an intent log (R19): its header, and how much of it is set. Pure.
#pragma once

#include "replication/config.h"
#include "replication/intent_log.h"

#include <string>

namespace sunder::replication {

struct IntentLogReport {
    bool kept = true;                      ///< false: "None" was chosen (R18)
    std::uint64_t chunk_bytes = 0;         ///< R16
    std::uint64_t bits = 0;                ///< chunks of the device
    std::uint64_t set = 0;                 ///< chunks that may differ from the peer's
    std::uint64_t set_stably = 0;          ///< as a crash now would leave it
    std::uint32_t asynchronous_limit = 0;  ///< R13; 0: no asynchronous target is possible
    friend bool operator==(IntentLogReport const&, IntentLogReport const&) = default;
};

IntentLogReport examine(IntentLog const& log, Slot peer, Cell const& cell,
                        GroupConfig const& config);

/// "4895 bits (chunks), 4895 dirty (100.0%)", as the product prints it (R82).
std::string bits_in_text(IntentLogReport const&);
/// Pages of 16-bit counters, 2048 to a page, that the product keeps in memory for it (R17).
std::uint64_t counter_pages(IntentLogReport const&);
/// All of it, in one line.
std::string in_text(IntentLogReport const&);

}  // namespace sunder::replication
