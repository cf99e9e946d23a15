// SPDX-License-Identifier: BSD-3-Clause
//
// The director plays a scenario's steps in a world: it does what a step says, or waits until what
// it waits for is true. It is asked after every event, so that a state which passes in a
// millisecond is still caught. Time and events belong to whoever runs the world.
#pragma once

#include "netsim/world.h"
#include "scenarios/language/array_director.h"
#include "scenarios/language/scenario.h"
#include "scenarios/language/workload.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sunder::language {

/// A step or an expectation that did not come true.
struct Failure {
    Place place;
    Duration at;
    std::string what;     ///< the step as written, or the expectation
    std::string instead;  ///< what was the case, and the decision that kept it so
};

class Director {
public:
    /// `leave_out`: what a step asks of a node that it cannot do is left out, and is no failure.
    Director(Scenario const& scenario, netsim::World& world, bool leave_out = false);

    /// Shown every observation, in order, before `proceed`.
    void see(netsim::Observation const& observation);
    /// Does the next step if it can be done now; false when there is none that can.
    bool proceed();
    /// The moment at which the present step is over or has failed by itself.
    [[nodiscard]] std::optional<Duration> deadline() const { return deadline_; }
    /// That moment has come.
    void passed();
    /// The present step waits until nothing is pending.
    [[nodiscard]] bool resting() const;
    /// Nothing will happen any more by itself; a waiting step has failed, a rest is over.
    void exhausted();

    [[nodiscard]] bool done() const {
        return step_ == scenario_.steps.size() || failure_.has_value();
    }
    [[nodiscard]] std::optional<Failure> const& failure() const { return failure_; }
    [[nodiscard]] std::size_t steps_done() const { return step_; }
    /// The waits at the beginning of the scenario are over.
    [[nodiscard]] bool past_waits() const;
    [[nodiscard]] std::vector<std::size_t> const& left_out() const { return left_out_; }
    void stop_workloads();

private:
    struct Doing;
    friend struct Doing;
    /// True when the step is over.
    bool try_step(Step const& step);
    void fail(std::string instead);
    void served_again(GroupId group);
    struct Asked {
        std::uint16_t mirror = 0;
        replication::HostOp op = replication::HostOp::read;
        Extent range;
        bool fua = false;
        std::optional<NodeId> on;
    };
    void ask_host(Asked const& asked);

    Scenario const& scenario_;
    netsim::World& world_;
    std::vector<Application> applications_;  // application n is number n + 1
    ArrayDirector arrays_;
    std::map<std::uint16_t, netsim::DiskImage> images_;  // the last of each mirror
    std::map<NodeId, netsim::NodeSnapshot> snapshots_;   // the last of each node
    std::size_t step_ = 0;
    bool leave_out_ = false;
    std::vector<std::size_t> left_out_;
    bool begun_ = false;  // the present step has been started
    std::optional<Duration> deadline_;
    std::optional<Failure> failure_;
    std::optional<RequestId> awaited_request_;
    std::optional<replication::HostStatus> request_status_;
    std::optional<nodes::AdminId> awaited_admin_;
    std::optional<netsim::seen::AdminAnswered> admin_answer_;
};

}  // namespace sunder::language
