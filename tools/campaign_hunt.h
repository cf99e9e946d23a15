// SPDX-License-Identifier: BSD-3-Clause
//
// The runs of a campaign, on as many threads and in as many shards as are wanted. One of a given
// number of runs is repeatable, however it is divided; one that is bounded by time is not.
#pragma once

#include "scenarios/campaign/hunter.h"
#include "scenarios/campaign/results.h"
#include "scenarios/campaign/scheduler.h"
#include "tools/campaign_findings.h"
#include "tools/shard.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace sunder::tools {

struct CampaignPlan {
    std::uint64_t runs = 0;  ///< of each case, in all shards together; 0: until time is over
    std::function<bool()> in_time;
    Shard shard;
    bool by_priority = false;
    campaign::HuntSetup hunting;
    campaign::SchedulerSetup scheduling;
};

/// Adds what was found to `results`, which say already what was asked for. A case of which nothing
/// fell to this shard, or that there was no time to begin, is there with none.
void hunt(campaign::Results& results, std::vector<language::Scenario> const& scenarios,
          CampaignPlan const& plan, unsigned threads, FindingsFolder& findings);

}  // namespace sunder::tools
