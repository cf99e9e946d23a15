// SPDX-License-Identifier: BSD-3-Clause
//
// Lines for people, or for the journal.
#include "nodes/live/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

namespace sunder::live {

namespace {

/// Fields that nobody takes are left away: the journal has the line all the same, by its stream.
bool send_to_journal(Level level, std::string const& words, std::span<JournalField const> fields) {
    // Not ended with the process: threads log as long as they are there.
    static auto* const journal = new Journal;
    return !fields.empty() && journal->send(entry_of(level, words, fields));
}

}  // namespace

std::string entry_of(Level level, std::string const& words, std::span<JournalField const> fields) {
    std::string const priority = fmt::format("{}", static_cast<int>(level));
    std::vector<JournalField> all{{"MESSAGE", words}, {"PRIORITY", priority}};
    all.insert(all.end(), fields.begin(), fields.end());
    return journal_entry(all);
}

void log(Level level, std::string const& words, std::span<JournalField const> fields) {
    static bool const journal = is_of_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM"));
    if (journal && send_to_journal(level, words, fields)) return;
    std::string line;
    if (journal) {
        line = fmt::format("<{}>{}\n", static_cast<int>(level), words);
    } else {
        auto const now = std::chrono::time_point_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now());
        line = fmt::format("{:%F %T} {}{}\n", now, level == Level::error ? "ERROR: " : "", words);
    }
    std::replace(line.begin(), line.end() - 1, '\n', ' ');
    [[maybe_unused]] ssize_t const written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace sunder::live
