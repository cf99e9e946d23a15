// SPDX-License-Identifier: BSD-3-Clause
//
// What all threads of a campaign have come to, told while they work: a line that is written over on
// a terminal, one every half a minute elsewhere.
#pragma once

#include "scenarios/campaign/results.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace sunder::tools {

class CampaignProgress {
public:
    explicit CampaignProgress(std::chrono::steady_clock::time_point began);
    CampaignProgress(CampaignProgress const&) = delete;
    CampaignProgress& operator=(CampaignProgress const&) = delete;
    ~CampaignProgress();

    /// One more run, which reached so many features that were not known.
    void ran(std::size_t features, std::uint64_t violated, campaign::CaseResults const& so_far);

private:
    void tell();

    std::chrono::steady_clock::time_point began_;
    bool terminal_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool over_ = false;
    std::size_t widest_ = 0;  // of the lines on the terminal
    std::uint64_t runs_ = 0;
    std::uint64_t features_ = 0;
    std::uint64_t violated_ = 0;
    std::set<std::string> marks_;
    std::set<std::string> rules_;
    std::thread teller_;
};

}  // namespace sunder::tools
