// SPDX-License-Identifier: BSD-3-Clause
//
// Whether results belong together.
#include "tools/merge_command.h"

#include "tools/campaign_file.h"
#include "tools/campaign_report.h"
#include "tools/run_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <set>
#include <sstream>

namespace sunder::tools {

namespace {

using campaign::Results;

/// Complains and returns false where shards are of different campaigns, or there twice. One that is
/// missing is told, and no error: it may have been lost.
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
    std::string const& all = *counts.begin();
    if (all != std::to_string(shards.size())) {
        fmt::print("{} of {} shards: {}\n", shards.size(), all, fmt::join(shards, ", "));
    }
    return true;
}

}  // namespace

int merge_reports(MergeRequest const& request) {
    Results all;
    bool first = true;
    for (std::string const& path : request.files) {
        std::ifstream file(path);
        std::ostringstream text;
        text << file.rdbuf();
        auto const results =
            file ? results_of(text.str())
                 : std::expected<Results, std::string>(std::unexpected("it cannot be opened"));
        if (!results) {
            fmt::print(stderr, "error: {}: {}\n", path, results.error());
            return wrong_input;
        }
        if (first) all.commit = results->commit;
        if (first) all.seed = results->seed;
        if (all.commit != results->commit) {
            fmt::print(stderr,
                       "error: {}: it is about commit {}, the others are about {}: results of one "
                       "program only can be merged\n",
                       path, results->commit, all.commit);
            return wrong_input;
        }
        if (all.seed != results->seed) {
            fmt::print(stderr,
                       "error: {}: its seed is {}, that of the others {}: merge the shards "
                       "of one campaign\n",
                       path, results->seed, all.seed);
            return wrong_input;
        }
        first = false;
        merge(all, *results);
    }
    if (!fit_together(all.shards)) return wrong_input;
    if (!all.stopped.empty()) {
        fmt::print("stopped before their end: {}\n", fmt::join(all.stopped, ", "));
    }
    bool const told = tell_campaign(all, request.findings);
    bool const written = write_results(request.json_file, all);
    if (!told || !written) return wrong_input;
    int const status = status_of(all);
    return status == all_held && !all.stopped.empty() ? unknown : status;
}

}  // namespace sunder::tools
