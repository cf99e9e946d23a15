// SPDX-License-Identifier: BSD-3-Clause
//
// Counting an intent log.
#include "replication/examine.h"

#include "base/units.h"

#include <fmt/format.h>

namespace sunder::replication {

IntentLogReport examine(IntentLog const& log, Slot peer, Cell const& cell,
                        GroupConfig const& config) {
    IntentLogReport report;
    report.kept = config.intent_log;
    report.chunk_bytes = config.chunk_sectors * sector_bytes;
    report.bits = log.chunks();
    report.set = log.bits(peer).count();
    report.set_stably = log.stable_bits(peer).count();
    report.asynchronous_limit = cell.asynchronous_limit;
    return report;
}

std::string bits_in_text(IntentLogReport const& report) {
    double const share = report.bits == 0 ? 0
                                          : 100.0 * static_cast<double>(report.set) /
                                                static_cast<double>(report.bits);
    return fmt::format("{} bits (chunks), {} dirty ({:.1f}%)", report.bits, report.set, share);
}

std::uint64_t counter_pages(IntentLogReport const& report) {
    constexpr std::uint64_t counters_in_a_page = 4096 / 2;
    return (report.bits + counters_in_a_page - 1) / counters_in_a_page;
}

std::string in_text(IntentLogReport const& report) {
    std::string const kept =
        report.kept ? fmt::format("{} chunks, {} pages of counters",
                                  to_text(ByteCount{report.chunk_bytes}), counter_pages(report))
                    : "not kept";
    std::string const asynchronous =
        report.asynchronous_limit == 0
            ? "no asynchronous targets"
            : fmt::format("asynchronous up to {}", report.asynchronous_limit);
    return fmt::format("{}; {}; {}", bits_in_text(report), kept, asynchronous);
}

}  // namespace sunder::replication
