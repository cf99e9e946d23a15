// SPDX-License-Identifier: BSD-3-Clause
//
// takeover_permitted (R63, R64, R67, G15): nobody brings a mirror in service without the quorum
// that the cluster asks for; and nobody takes one over from a node that it takes for dead while a
// witness still hears that node, before an administrator has confirmed it or was silent for long
// enough by the node's own clock (FLT-11), or before that node was shot. A history checker: it
// counts votes from what nodes said of whom they hear, not from what they concluded.
//
// An operator's force answers for itself (R87), and so does an administrator who says that a node
// is dead that could not be shot.
#pragma once

#include "netsim/checkers/view.h"
#include "netsim/checkers/votes.h"

#include <map>
#include <optional>
#include <vector>

namespace sunder::netsim {

class TakeoverPermitted {
public:
    static constexpr CheckerText text{
        "takeover_permitted", "R63, R67",
        "nobody takes over without quorum, confirmation and fencing, where they are asked for"};

    void on(View& view, seen::NodeStarted const& started);
    void on(View&, seen::NodeDied const& died) { left(died.node); }
    void on(View& view, seen::ClockStepped const& stepped);
    void on(View& view, seen::OperatorAsked const& asked);
    void on(View& view, seen::AdminAnswered const& answered);
    void on(View& view, NodeId node, nodes::note::PeerSeen const& note);
    void on(View& view, NodeId node, nodes::note::PeerLost const& note);
    void on(View& view, NodeId node, nodes::note::FencingStarted const& note);
    void on(View& view, NodeId node, nodes::note::FencingEnded const& note);
    void on(View& view, NodeId node, nodes::note::QuorumChanged const& note);
    void on(View& view, NodeId node, nodes::note::Decided const& note);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);
    void on(View&, NodeId node, nodes::note::LeftService const&) { left(node); }
    [[nodiscard]] std::optional<Duration> deadline() const;
    void passed(View& view);

private:
    struct Peer {
        bool heard = false;
        Duration since;                     ///< it has been heard, or silent
        std::optional<Duration> shot_at;    ///< since then: when that began
        bool missed = false;                ///< and that shot did not hit
        std::optional<Duration> said_dead;  ///< when an administrator said so last
        std::uint32_t clock = 100;          ///< FLT-11: of whoever waits since then, in percent
        Duration ahead;                     ///< and that has stepped so far since then
    };
    struct Node {
        std::vector<Peer> peers;
        Duration started;
        std::map<std::uint16_t, nodes::InServiceRule> rule;  ///< by group: last decided
    };
    Node& of(View& view, NodeId node);
    void count(View& view, NodeId node);
    void check_suspect(View& view, NodeId node, NodeId suspect, GroupId group);
    void refuse(View& view, NodeId node, GroupId group, std::string const& why);

    /// A promotion that was ordered with quorum ends, but is taken back.
    struct Doubtful {
        NodeId node;
        GroupId group;
        Duration until;
    };
    void left(NodeId node);

    std::vector<Node> nodes_;
    Votes votes_;
    std::vector<Doubtful> doubtful_;
    std::map<nodes::AdminId, seen::OperatorAsked> asked_;  // about deaths, until answered
};

}  // namespace sunder::netsim
