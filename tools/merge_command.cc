// SPDX-License-Identifier: BSD-3-Clause
//
// Whether results belong together.
#include "tools/merge_command.h"

#include "tools/campaign_file.h"
#include "tools/campaign_report.h"
#include "tools/run_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <vector>

namespace sunder::tools {

namespace {

using campaign::Results;

/// Adds what a file holds to the campaign that it is of: one of a program, with a seed. False when
/// it cannot be, which is said.
bool add(std::vector<Results>& campaigns, std::string const& path, std::string const& text) {
    auto const results = results_of(text);
    if (!results) {
        fmt::print(stderr, "error: {}: {}\n", path, results.error());
        return false;
    }
    auto one = std::ranges::find_if(campaigns, [&](Results const& known) {
        return known.commit == results->commit && known.seed == results->seed;
    });
    if (one == campaigns.end()) {
        Results& fresh = campaigns.emplace_back();
        fresh.commit = results->commit;
        fresh.seed = results->seed;
        fresh.asked = results->asked;
        one = std::prev(campaigns.end());
    }
    if (auto const why = why_not_merged(*one, *results)) {
        fmt::print(stderr, "error: {}: {}: merge the shards of one campaign of one program\n", path,
                   *why);
        return false;
    }
    merge(*one, *results);
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

/// What all of them together end with: a violation is worse than what is not known.
int worse(int one, int other) {
    constexpr std::array order{all_held, unknown, violated, wrong_input};
    auto const place = [&](int status) { return std::ranges::find(order, status); };
    return place(one) < place(other) ? other : one;
}

/// Of a campaign whose shards fit together; of several, with a line above that says which.
int tell(Results const& all, bool one_of_several, MergeRequest const& request) {
    if (one_of_several) fmt::print("== commit {}, seed {}\n", all.commit, all.seed);
    bool const whole = complete(all) && all.stopped.empty();
    if (!all.stopped.empty()) {
        fmt::print("stopped before their end: {}\n", fmt::join(all.stopped, ", "));
    }
    // Of its own: what one program does wrong, another may do as well.
    FindingsFolder findings(request.findings);
    bool const told = tell_campaign(all, findings);
    bool const written = write_results(request.json_file, all);
    if (!told || !written) return wrong_input;
    int const status = status_of(all);
    return status == all_held && !whole ? unknown : status;
}

}  // namespace

int merge_reports(MergeRequest const& request) {
    bool const can_be_written = FindingsFolder(request.findings).can_be_written();
    if (!can_write_results(request.json_file) || !can_be_written) return wrong_input;
    std::vector<Results> campaigns;
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
        if (!add(campaigns, path, text.str())) return wrong_input;
    }
    if (campaigns.empty()) {
        fmt::print(stderr, "error: every file is empty: there is nothing to merge\n");
        return wrong_input;
    }
    if (campaigns.size() > 1 && !request.json_file.empty()) {
        fmt::print(stderr,
                   "error: --json takes one campaign, and these are {}: merge those of one commit "
                   "and seed at a time\n",
                   campaigns.size());
        return wrong_input;
    }
    auto const fits = [](Results const& one) { return fit_together(one.shards); };
    if (!std::ranges::all_of(campaigns, fits)) return wrong_input;
    int worst = all_held;
    for (Results const& one : campaigns) {
        worst = worse(worst, tell(one, campaigns.size() > 1, request));
    }
    return worst;
}

}  // namespace sunder::tools
