// SPDX-License-Identifier: BSD-3-Clause
//
// Whether results belong together.
#include "tools/merge_command.h"

#include "tools/campaign_file.h"
#include "tools/campaign_report.h"
#include "tools/run_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace sunder::tools {

namespace {

using campaign::Results;

/// Adds what a file holds; the first one says what all have to be about. False when it cannot be,
/// which is said.
bool add(Results& all, bool first, std::string const& path, std::string const& text) {
    auto const results = results_of(text);
    if (!results) {
        fmt::print(stderr, "error: {}: {}\n", path, results.error());
        return false;
    }
    if (first) {
        all.commit = results->commit;
        all.seed = results->seed;
        all.asked = results->asked;
    }
    if (auto const why = why_not_merged(all, *results)) {
        fmt::print(stderr, "error: {}: {}: merge the shards of one campaign of one program\n", path,
                   *why);
        return false;
    }
    merge(all, *results);
    return true;
}

/// Complains and returns false where shards are of different campaigns, or there twice.
bool fit_together(std::vector<std::string> const& shards) {
    std::set<std::string> counts;
    for (std::size_t s = 0; s < shards.size(); ++s) {
        counts.insert(shards[s].substr(shards[s].find('/') + 1));
        if (s == 0 || shards[s] != shards[s - 1]) continue;
        fmt::print(stderr, "error: shard {} is there twice: its runs would count twice\n",
                   shards[s]);
        return false;
    }
    if (counts.size() > 1) {
        fmt::print(stderr, "error: the shards {} are of different campaigns\n",
                   fmt::join(shards, ", "));
        return false;
    }
    return true;
}

/// One that is missing is told, and no error: it may have been lost. Requires what fits together.
bool complete(Results const& results) {
    if (is_of_all_shards(results)) return true;
    std::vector<std::string> const& shards = results.shards;
    std::string const all = shards.front().substr(shards.front().find('/') + 1);
    fmt::print("{} of {} shards: {}\n", shards.size(), all, fmt::join(shards, ", "));
    return false;
}

}  // namespace

int merge_reports(MergeRequest const& request) {
    FindingsFolder findings(request.findings);
    if (!can_write_results(request.json_file) || !findings.can_be_written()) return wrong_input;
    Results all;
    for (std::string const& path : request.files) {
        std::ifstream file(path);
        std::ostringstream text;
        // Of a folder nothing can be read.
        bool const opened = file.is_open() && !std::filesystem::is_directory(path);
        if (opened) text << file.rdbuf();
        if (!opened) {
            fmt::print(stderr, "error: {}: it cannot be opened\n", path);
            return wrong_input;
        }
        if (text.view().empty()) {
            fmt::print("{} is empty: its shard was killed, and is missing\n", path);
            continue;
        }
        if (!add(all, all.shards.empty(), path, text.str())) return wrong_input;
    }
    if (all.shards.empty()) {
        fmt::print(stderr, "error: every file is empty: there is nothing to merge\n");
        return wrong_input;
    }
    if (!fit_together(all.shards)) return wrong_input;
    bool const whole = complete(all) && all.stopped.empty();
    if (!all.stopped.empty()) {
        fmt::print("stopped before their end: {}\n", fmt::join(all.stopped, ", "));
    }
    bool const told = tell_campaign(all, findings);
    bool const written = write_results(request.json_file, all);
    if (!told || !written) return wrong_input;
    int const status = status_of(all);
    return status == all_held && !whole ? unknown : status;
}

}  // namespace sunder::tools
