// SPDX-License-Identifier: BSD-3-Clause
//
// What hosts of real nodes were told, and whether one disk could have told it: history checkers,
// which know requests, answers and who serves, and nothing of what goes on inside. Each block of
// 4 KiB is a register (netsim/checkers/register_history.h), judged by the sector in its middle.
//
// Whenever another node, or one anew, begins to serve, every block that was ever written is read
// there once (a survey), before anybody else asks. What was acknowledged and is not there was lost:
// - linearizability (SAF-8): what was read is not explained by any order of the requests;
// - no_lost_acknowledged_write (SAF-1): a synchronous mirror lost one;
// - asynchronous_prefix (SAF-2): more are lost than the limit allows, or not the last ones.
// Losses are allowed, and named, after an operator's word (R87, R33), where a faithful node had
// served alone behind a cut, and where two served at once (R31); from a split on nothing is judged
// until the copies are in sync again.
#pragma once

#include "netsim/checkers/checker.h"
#include "netsim/checkers/register_history.h"
#include "netsim/cluster.h"
#include "scenarios/live/host.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sunder::staged {

class Judge {
public:
    /// Of one mirror; `now` gives scenario time.
    Judge(netsim::Cluster const& cluster, std::uint16_t mirror, netsim::Findings& findings,
          Duration const& now);

    void asked(HostAsk const& ask);
    void answered(HostAsk const& ask, bool ok, std::vector<std::byte> const& bytes);

    /// The blocks that were ever written, from now on surveyed.
    [[nodiscard]] std::vector<Extent> begin_survey();
    [[nodiscard]] bool surveying() const { return surveying_; }
    /// What the survey read in a block.
    void surveyed(Extent block, std::vector<std::byte> const& bytes);
    void end_survey(std::string const& node);
    /// It came to nothing: the node serves no more. What it has found is kept for the next.
    void give_up_survey() { surveying_ = false; }

    /// An operator's word may discard what was acknowledged.
    void overridden() { excuse_ = "operator override"; }
    /// A faithful node served alone behind a cut, and what it acknowledged there is its own.
    void parted() {
        if (!cluster_.policy.guarded) excuse_ = "split brain under a faithful policy";
    }
    /// Two nodes serve at once.
    void split();
    /// One does, and all copies are in sync.
    void joined();
    [[nodiscard]] std::uint64_t lost() const { return lost_in_all_; }

private:
    using Value = netsim::RegisterHistory::Value;
    struct Written {  // of a write by its content
        std::uint64_t asked = 0;
        std::uint64_t answered = 0;  // 0: not acknowledged
    };
    static constexpr std::uint64_t block_sectors = 8;
    template <class Visit>
    void for_each_block(Extent range, Visit&& visit) const;
    [[nodiscard]] Value value_in(std::vector<std::byte> const& bytes, Extent range,
                                 std::uint64_t block) const;
    void note_missing(std::uint64_t block, Value found);
    void misread(std::uint64_t block, Value found, std::optional<Value> expected);
    [[nodiscard]] std::string words_of(Value value) const;

    netsim::Cluster const& cluster_;
    netsim::MirrorSetup const& mirror_;
    netsim::Findings& findings_;
    Duration const& now_;
    std::map<std::uint64_t, netsim::RegisterHistory> registers_;  // by block
    std::map<std::uint64_t, std::vector<Value>> since_;  // by block: written since it was surveyed
    std::map<RequestId, Extent> reads_;                  // that are open
    std::map<Value, Written> written_;
    std::uint64_t tick_ = 0;
    std::string excuse_;  // why losses are allowed at the next survey
    bool split_ = false;
    bool anew_ = false;  // nothing is known of what the blocks hold
    bool surveying_ = false;
    std::set<Value> missing_;  // acknowledged, and not found by the survey
    std::set<Value> found_;
    std::uint64_t lost_in_all_ = 0;
};

}  // namespace sunder::staged
