// SPDX-License-Identifier: BSD-3-Clause
//
// both_back_in_service (LIV-4): when all nodes of a mirror run and hear each other for long enough,
// it is in service on exactly one of them, without an operator (scenarios 3 and 4 end so). A
// history checker with one deadline, which every fault and every operator's request sets anew: the
// boot wait, a detection time, reconnecting, and ten seconds.
//
// Allowed by policy: "split brain was reported": then only an operator may say who is right (R32);
// "a disk failed": a node whose disk refused something since it booted may have given up, and
// cannot see that the disk is well again; "frozen: something could not be stored": then a source
// acknowledges nothing, and cannot step down; "an operator named every last owner a loser": then
// one has to bring the winner in service as well; "the last owner's disks were replaced": then
// nobody is the last owner any more, and nobody was watched dying. A mirror that an operator took
// out of service stays out (R62).
#pragma once

#include "netsim/checkers/view.h"

#include <optional>
#include <vector>

namespace sunder::netsim {

class BothBackInService {
public:
    static constexpr CheckerText text{"both_back_in_service", "LIV-4",
                                      "nodes that are all back bring the mirror in service on one"};

    void on(View& view, seen::NodeStarted const& started);
    void on(View& view, From from, replication::note::DiskFailed const& failed);
    void on(View& view, From from, replication::note::Conceded const& conceded);
    void on(View& view, seen::RolledBack const& back);
    void on(View& view, NodeId node, nodes::note::OrderDecided const& decided);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);
    void on(View& view, NodeId node, nodes::note::LeftService const& left);
    void on(View& view, seen::NodeDied const&) { disturbed(view); }
    void on(View& view, seen::NodePaused const&) { disturbed(view); }
    void on(View& view, seen::NodeResumed const&) { disturbed(view); }
    void on(View& view, seen::LinkCut const&) { disturbed(view); }
    void on(View& view, seen::LinkHealed const&) { disturbed(view); }
    void on(View& view, seen::OperatorAsked const&) { disturbed(view); }
    void on(View& view, seen::DiskFaulted const&) { disturbed(view); }
    void on(View& view, seen::DiskTrapped const&) { disturbed(view); }
    void on(View& view, seen::MemoryPressed const&) { disturbed(view); }
    void on(View& view, seen::ClockSkewed const&) { disturbed(view); }
    void on(View& view, seen::ClockStepped const&) { disturbed(view); }
    [[nodiscard]] std::optional<Duration> deadline() const { return deadline_; }
    void passed(View& view);

private:
    void disturbed(View& view);
    [[nodiscard]] bool stays_out(std::uint16_t group) const;
    std::optional<Duration> deadline_;
    std::vector<bool> failed_;  // by node: its disk refused something in this boot
    /// By an operator; no more once a node that can hear of it serves for so long that it is heard.
    struct TakenOut {
        NodeId at;
        struct Overruled {
            NodeId by;
            Duration since;
        };
        std::optional<Overruled> overruled{};
    };
    std::vector<std::optional<TakenOut>> taken_out_;  // by group
    std::vector<bool> resolved_;  // by group: somebody gave up, and nobody came in since
    std::vector<bool> replaced_;  // by group: disks of a copy were
    Duration since_;
};

}  // namespace sunder::netsim
