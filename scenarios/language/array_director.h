// SPDX-License-Identifier: BSD-3-Clause
//
// The director's part in which arrays are commanded, asked and cut off. One thing is waited for at
// a time.
#pragma once

#include "scenarios/language/array_workload.h"
#include "scenarios/language/scenario.h"

#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace sunder::language {

class ArrayDirector {
public:
    ArrayDirector(Scenario const& scenario, netsim::World const& world);

    void see(netsim::World& world, netsim::seen::ArrayNoted const& noted);
    /// True when the alarm was one of an array's application.
    [[nodiscard]] bool rang(netsim::World& world, std::uint32_t what);
    void begin(netsim::World& world);
    void stop_workloads();

    /// True when the step is over, false when it is still waited for; or what is wrong.
    using Progress = std::expected<bool, std::string>;
    /// `first`: the step is only begun.
    Progress take(netsim::World& world, step::ArrayOrder const& step, bool first);
    Progress take(netsim::World& world, step::ArrayRequest const& step, bool first);
    Progress take(netsim::World& world, step::ArrayPower const& step, bool first);
    Progress take(netsim::World& world, step::ArrayLoad const& step, bool first);

private:
    /// What was answered: the rule, or nothing; in words.
    struct Answer {
        std::string rule;
        std::string words;
    };
    [[nodiscard]] Progress judged(std::string const& refused) const;

    netsim::Cluster const& cluster_;
    std::vector<ArrayApplication> applications_;
    std::optional<RequestId> request_;
    std::optional<emulator::Command> command_;
    std::optional<Answer> answer_;
};

}  // namespace sunder::language
