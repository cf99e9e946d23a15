// SPDX-License-Identifier: BSD-3-Clause
//
// A thread that tells.
#include "tools/campaign_progress.h"

#include "scenarios/language/narration.h"

#include <unistd.h>

#include <fmt/format.h>
#include <cstdio>

namespace sunder::tools {

CampaignProgress::CampaignProgress(std::chrono::steady_clock::time_point began)
    : began_(began), terminal_(isatty(STDERR_FILENO) != 0), teller_([this] { tell(); }) {}

CampaignProgress::~CampaignProgress() {
    {
        std::lock_guard const lock(mutex_);
        over_ = true;
    }
    wake_.notify_all();
    teller_.join();
    if (terminal_) fmt::print(stderr, "\r{:110}\r", "");
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
    std::size_t const all_marks = language::mark_names().size();
    std::size_t const all_rules =
        language::rule_names().size() + language::handshake_rule_names().size();
    auto const period = terminal_ ? std::chrono::seconds(1) : std::chrono::seconds(30);
    std::unique_lock lock(mutex_);
    std::uint64_t before = 0;
    while (!wake_.wait_for(lock, period, [this] { return over_; })) {
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began_;
        fmt::print(stderr,
                   "{}{} runs, {:.0f}/s, {} features (+{}), not reached: {} marks, {} rules; {} "
                   "violated{}",
                   terminal_ ? "\r" : "", runs_, static_cast<double>(runs_) / took.count(),
                   features_, features_ - before, all_marks - marks_.size(),
                   all_rules - rules_.size(), violated_, terminal_ ? "  " : "\n");
        std::fflush(stderr);
        before = features_;
    }
}

}  // namespace sunder::tools
