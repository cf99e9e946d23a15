// SPDX-License-Identifier: BSD-3-Clause
//
// every_request_ends (LIV-2): requests that a running node accepted are answered, well or with an
// error. A history checker that looks twice:
// - At the end, when nothing is pending any more: whatever a request still waits for will never
//   come.
// - While a run goes on: a request of which others of its kind that were asked later have been
//   answered for so long as a resync may take, and half a minute, though no fault, repair or order
//   came between and nothing is slow, has been forgotten; and so have all of a mirror of which none
//   was answered for so long. How old a request is says nothing: there may be more of them than
//   the disks or links can do, and they wait for each other.
//
// A request of a node that died has ended with it. A paused node may yet answer. Under a guarded
// policy a source acknowledges nothing while a copy does not mirror and is not known to be
// outdated, because it is out of reach or split from it: such a request is "held back by a guarded
// policy" and allowed, until it is on record that the copy misses writes. A source that begins anew
// has the record, and knows no more whether the copy had been told, or only been shot; and one that
// has sent the finish of a resync does not know whether it arrived. Of a copy that is given up and
// made anew nothing is known before it is in step.
#pragma once

#include "netsim/checkers/view.h"

#include <optional>
#include <set>
#include <tuple>
#include <vector>

namespace sunder::netsim {

class EveryRequestEnds {
public:
    static constexpr CheckerText text{"every_request_ends", "LIV-2",
                                      "every accepted request is answered in the end", true};

    void on(View& view, seen::HostAsked const& asked);
    void on(View& view, seen::HostAnswered const& answered);
    void on(View& view, From from, replication::note::PeerOutdated const& outdated);
    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View& view, From from, replication::note::ResyncInterrupted const& interrupted);
    void on(View& view, NodeId node, nodes::note::ExtensionChanged const& changed);
    void on(View& view, seen::NodeDied const& died);
    void on(View& view, seen::NodeStarted const&) { disturbed(view); }
    void on(View& view, seen::NodePaused const&) { disturbed(view); }
    void on(View& view, seen::NodeResumed const&) { disturbed(view); }
    void on(View& view, seen::LinkCut const&) { disturbed(view); }
    void on(View& view, seen::LinkHealed const&) { disturbed(view); }
    void on(View& view, seen::LinkDegraded const&) { disturbed(view); }
    void on(View& view, seen::OperatorAsked const&) { disturbed(view); }
    void on(View& view, seen::DiskFaulted const&) { disturbed(view); }
    void on(View& view, seen::DiskTrapped const&) { disturbed(view); }
    void on(View& view, seen::MemoryPressed const&) { disturbed(view); }
    void on(View& view, seen::ClockSkewed const&) { disturbed(view); }
    void on(View& view, seen::ClockStepped const&) { disturbed(view); }
    [[nodiscard]] std::optional<Duration> deadline() const { return look_; }
    void passed(View& view);
    void finish(View& view);

private:
    /// One of which later ones have been answered.
    struct Overtaken {
        RequestId request;
        Duration since;
    };
    [[nodiscard]] bool may_be_held_back(View const& view, Request const& request) const;
    [[nodiscard]] char const* excuse(View const& view, Request const& request) const;
    void disturbed(View& view);
    void watch(View const& view, GroupId group);
    [[nodiscard]] Duration passed_over_since(View const& view, Request const& request);
    RequestId& newest(View const& view, Request const& like);

    std::vector<Duration> quiet_since_;  // by group, while a request of it is open
    std::vector<RequestId> newest_;      // that was answered, by group, node and kind
    std::vector<Overtaken> overtaken_;   // of those that were open at the last look
    std::optional<Duration> look_;
    /// Whose absence a copy has on record (G20): group, copy, absent one.
    std::set<std::tuple<GroupId, Slot, Slot>> on_record_;
};

}  // namespace sunder::netsim
