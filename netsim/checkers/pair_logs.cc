// SPDX-License-Identifier: BSD-3-Clause
//
// Reading logs, in memory and from pages.
#include "netsim/checkers/pair_logs.h"

namespace sunder::netsim {

using replication::IntentLog;

std::optional<IntentLog> log_at_rest(CopySim const& copy) {
    replication::GroupConfig const& config = *copy.config;
    std::optional<replication::Cell> const cell = copy.store->cell();
    if (!cell || !config.intent_log) return std::nullopt;
    IntentLog log(config.copies, config.self, config.mirrored_sectors, config.chunk_sectors,
                  config.intent_log);
    for (auto const& page : copy.store->pages()) log.load(*page, *cell);
    return log;
}

bool PairLogs::name(std::uint64_t chunk) const {
    bool wanted = false;
    bool stable = false;
    if (of_a != nullptr) {
        wanted = of_a->bits(b).test(chunk);
        stable = of_a->stable_bits(b).test(chunk);
    }
    if (wanted && stable) return true;
    if (of_b != nullptr) {
        wanted = wanted || of_b->bits(a).test(chunk);
        stable = stable || of_b->stable_bits(a).test(chunk);
    }
    return wanted && stable;
}

}  // namespace sunder::netsim
