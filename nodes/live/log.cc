// SPDX-License-Identifier: BSD-3-Clause
//
// Lines for people, or for the journal.
#include "nodes/live/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

namespace sunder::live {

namespace {

/// Whether standard error is the journal's stream: systemd says which file that is.
bool is_journal() {
    char const* const stream = std::getenv("JOURNAL_STREAM");
    struct stat here{};
    if (stream == nullptr || ::fstat(STDERR_FILENO, &here) != 0) return false;
    return fmt::format("{}:{}", here.st_dev, here.st_ino) == stream;
}

}  // namespace

void log(Level level, std::string const& words) {
    static bool const journal = is_journal();
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
