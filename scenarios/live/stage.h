// SPDX-License-Identifier: BSD-3-Clause
//
// The nodes, the network between them and the hosts of one case that is played for real: what is
// done to them, who serves, and what hosts ask and are told. When something is to be done is the
// player's business.
#pragma once

#include "scenarios/live/application.h"
#include "scenarios/live/fencing.h"
#include "scenarios/live/host.h"
#include "scenarios/live/judge.h"
#include "scenarios/live/network.h"
#include "scenarios/live/play.h"
#include "scenarios/live/process.h"
#include "scenarios/live/resources.h"
#include "scenarios/live/status.h"

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sunder::staged {

class Stage {
public:
    Stage(language::Scenario const& scenario, LiveOptions const& options,
          std::filesystem::path const& folder, netsim::Findings& findings);

    /// Lets what happens happen, for a moment, and asks the nodes how they are if that is due, at
    /// least `often`. Throws std::system_error when a node cannot be started again, and Stopped
    /// when all of this is to end.
    void turn(std::chrono::microseconds often);

    [[nodiscard]] Duration now() const { return now_; }
    [[nodiscard]] Statuses const& statuses() const { return *statuses_; }
    /// How often all nodes were asked.
    [[nodiscard]] std::uint64_t looks() const { return looks_; }
    void look_soon() { next_look_ = {}; }
    [[nodiscard]] NodeProcess& node(NodeId id) { return *nodes_[id.value]; }
    [[nodiscard]] LiveNetwork& network() { return *network_; }
    [[nodiscard]] std::vector<LiveApplication>& applications() { return applications_; }
    [[nodiscard]] Judge& judge(std::uint16_t mirror) { return *judges_[mirror]; }

    /// Whoever serves the mirror is held when a leg of it comes to the state.
    void arm(std::uint16_t mirror, std::string state);
    [[nodiscard]] bool anybody_held() const;
    void disarm();
    /// Whoever is held goes on.
    void release();

    void crash(NodeId node);
    void power_cut(NodeId node);
    /// Requires that it is down.
    void restart(NodeId node);
    /// Shots at it miss, or hit again. Requires that nodes of this cluster are shot.
    void set_fencing(NodeId victim, bool works) { fencing_->set(victim, works); }
    [[nodiscard]] LiveResources& resources() { return *resources_; }

    /// A node that serves the mirror and was surveyed.
    [[nodiscard]] std::optional<NodeId> serves(std::uint16_t mirror) const;
    /// Where hosts can ask now: it is, and all that stands on the mirror is in service there.
    [[nodiscard]] std::optional<NodeId> usable(std::uint16_t mirror) const;
    [[nodiscard]] bool usable(NodeId node, std::uint16_t mirror) const {
        return ready(node, mirror) && statuses_->all_above(node, mirror);
    }
    [[nodiscard]] bool ready(NodeId node, std::uint16_t mirror) const {
        return service_[mirror].nodes[node.value].ready;
    }
    /// A host asks; its answer is kept until it is taken. `judged`: it is of the mirror, not of a
    /// copy that is kept apart.
    RequestId ask(NodeId node, std::uint16_t mirror, replication::HostOp op, Extent range, bool fua,
                  bool judged, bool kept);
    struct Answer {
        int error = 0;
        std::vector<std::byte> bytes;
    };
    [[nodiscard]] std::optional<Answer> take_answer(RequestId request);

    void stop_workloads();
    /// Nobody waits for an answer, and no survey is under way or due.
    [[nodiscard]] bool quiet() const;
    /// Reads once more all that was ever written.
    void survey(std::uint16_t mirror, NodeId node);
    /// A process that ended by itself, and was not expected to.
    [[nodiscard]] std::string const& trouble() const { return trouble_; }
    [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
    [[nodiscard]] std::uint64_t came_in_service() const { return came_in_service_; }

private:
    using Clock = std::chrono::steady_clock;
    struct Part {  // of a mirror's address space: what is exported under a name
        Extent range;
        std::string name;
    };
    struct Purpose {
        NodeId node;
        std::uint16_t mirror = 0;
        std::optional<std::size_t> application{};
        bool leads = false;
        std::uint64_t survey = 0;  // its number; 0: of no survey
        bool judged = true;
        bool kept = false;
    };
    struct Seat {  // of one node in one mirror's service
        bool served = false;
        bool ready = false;
        bool usable = false;
        bool alone = false;      // it has served behind a cut, while its copies were not in sync
        std::uint32_t open = 0;  // requests of hosts that count
    };
    struct Armed {
        std::uint16_t mirror = 0;
        std::string state;
        std::set<std::uint8_t> at{};  // nodes that know
    };
    struct Service {  // of one mirror
        std::vector<Seat> nodes;
        unsigned together = 0;  // how often two were seen to serve, in a row
        bool split = false;
        std::optional<NodeId> surveyor;
        std::deque<Extent> to_survey;
        std::uint64_t survey = 0;     // its number, so that late answers are not of another
        std::uint32_t surveying = 0;  // blocks that are being read
        bool survey_failed = false;
    };
    using HostKey = std::tuple<std::uint8_t, std::uint16_t, std::size_t>;

    void look();
    void see_service(std::uint16_t mirror);
    void survey_on(std::uint16_t mirror);
    void wait_for_sockets(Clock::time_point until);
    void run_applications();
    void begin_where_usable(std::uint16_t mirror);
    void reap();
    void shoot();
    void boot_later(NodeId node);
    void give_up_survey(std::uint16_t mirror);
    void arm_those_that_answer();
    RequestId send(HostAsk what, Purpose const& purpose);
    void answered(HostAsk const& ask, int error, std::vector<std::byte> const& bytes);
    [[nodiscard]] Host* host(NodeId node, std::uint16_t mirror, std::size_t part);
    [[nodiscard]] std::size_t part_of(std::uint16_t mirror, Extent range) const;

    language::Scenario const& scenario_;
    LiveOptions const& options_;
    Clock::time_point const began_ = Clock::now();
    Duration now_;
    netsim::Findings& findings_;
    std::vector<std::unique_ptr<NodeProcess>> nodes_;
    std::unique_ptr<LiveNetwork> network_;
    std::optional<FencingDevice> fencing_;
    std::optional<LiveResources> resources_;
    std::unique_ptr<Statuses> statuses_;
    std::vector<std::vector<Part>> parts_;  // by mirror
    std::vector<std::unique_ptr<Judge>> judges_;
    std::vector<LiveApplication> applications_;
    std::vector<std::vector<std::uint32_t>> outstanding_;  // by application and node
    std::vector<Service> service_;                         // by mirror
    std::map<HostKey, std::unique_ptr<Host>> hosts_;
    std::map<std::uint64_t, Purpose> asked_;
    std::map<std::uint64_t, Answer> kept_;
    std::deque<std::pair<HostAsk, int>> refused_;  // that could not even be asked
    std::map<std::uint8_t, Duration> boots_;       // nodes that stopped, and boot again then
    std::uint64_t next_request_ = 1;
    std::uint64_t next_content_ = 1;
    std::uint64_t looks_ = 0;
    Clock::time_point next_look_;
    std::optional<Armed> armed_;
    std::string trouble_;
    std::uint64_t acknowledged_ = 0;
    std::uint64_t came_in_service_ = 0;
};

}  // namespace sunder::staged
