// SPDX-License-Identifier: BSD-3-Clause
//
// A thread that tells.
#include "tools/campaign_progress.h"

#include "scenarios/language/narration.h"
#include "tools/campaign_report.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cstdio>

namespace sunder::tools {

namespace {

/// "97 of 110 rules (one, another, a third...)".
std::string never(char const* what, std::vector<std::string> const& all,
                  std::set<std::string> const& reached) {
    std::vector<std::string> named;
    std::size_t missing = 0;
    for (std::string const& name : all) {
        if (reached.contains(name)) continue;
        if (++missing <= 3) named.push_back(name);
    }
    std::string const more = missing > named.size() ? "..." : "";
    return fmt::format("{} of {} {}{}", missing, all.size(), what,
                       named.empty() ? "" : fmt::format(" ({}{})", fmt::join(named, ", "), more));
}

/// Of the terminal: a longer line could not be written over. Many when it does not say.
std::size_t columns() {
    winsize size{};
    bool const known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known ? size.ws_col : 1000;
}

}  // namespace

CampaignProgress::CampaignProgress(std::chrono::steady_clock::time_point began)
    : began_(began), terminal_(isatty(STDERR_FILENO) != 0), teller_([this] { tell(); }) {}

CampaignProgress::~CampaignProgress() {
    {
        std::lock_guard const lock(mutex_);
        over_ = true;
    }
    wake_.notify_all();
    teller_.join();
    if (terminal_) fmt::print(stderr, "\r{:{}}\r", "", widest_);
}

void CampaignProgress::ran(std::size_t features, std::uint64_t violated,
                           campaign::CaseResults const& so_far) {
    std::lock_guard const lock(mutex_);
    ++runs_;
    features_ += features;
    violated_ += violated;
    if (features == 0) return;
    for (auto const& [name, times] : so_far.marks) marks_.insert(name);
    for (auto const& [name, times] : so_far.rules) rules_.insert(name);
}

void CampaignProgress::tell() {
    std::vector<std::string> const all_marks = language::cluster_mark_names();
    std::vector<std::string> const all_rules = reachable_rules();
    auto const period = terminal_ ? std::chrono::seconds(1) : std::chrono::seconds(30);
    std::unique_lock lock(mutex_);
    std::uint64_t before = 0;
    while (!wake_.wait_for(lock, period, [this] { return over_; })) {
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began_;
        std::string told = fmt::format(
            "{} runs, {:.0f}/s, {} features (+{}), {} violated, never: {}; {}", runs_,
            static_cast<double>(runs_) / took.count(), features_, features_ - before, violated_,
            never("marks", all_marks, marks_), never("rules", all_rules, rules_));
        if (terminal_) told.resize(std::min(told.size(), columns() - 1));
        if (terminal_) widest_ = std::max(widest_, told.size());
        fmt::print(stderr, "{}{:{}}{}", terminal_ ? "\r" : "", told, widest_,
                   terminal_ ? "" : "\n");
        std::fflush(stderr);
        before = features_;
    }
}

}  // namespace sunder::tools
