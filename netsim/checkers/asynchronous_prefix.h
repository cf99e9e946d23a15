// SPDX-License-Identifier: BSD-3-Clause
//
// asynchronous_prefix (SAF-2): a target of an asynchronous mirror that takes over holds what the
// source held after some prefix of its write order. A state checker: for each target it keeps a
// model of the copy, which is the copy as it was when it came in sync, with every record applied
// that is older than the last few; when the target comes in service, model plus some of those few
// must equal the copy. So no flush-ordered pair is inverted, nothing is torn, and nothing foreign
// is there. Records that are missing must not be more than the asynchronous limit, and none of
// those that reached the target (G8).
//
// It assumes that the target was in sync when it lost its source, and that nobody forced it online;
// what an operator forces, and what a resync leaves half done, has no such promise (SAF-5 guards
// that).
#pragma once

#include "netsim/checkers/view.h"

#include <vector>

namespace sunder::netsim {

class AsynchronousPrefix {
public:
    static constexpr CheckerText text{
        "asynchronous_prefix", "SAF-2",
        "an asynchronous target takes over with a prefix of the source's writes, within the limit"};

    void on(View& view, seen::RecordSent const& sent);
    void on(View& view, seen::RecordArrived const& arrived);
    void on(View& view, From from, replication::note::LegChanged const& changed);
    void on(View& view, From from, replication::note::WrittenApart const&);
    void on(View& view, From from, replication::note::AsynchronousEnabled const& enabled);
    void on(View& view, From from, replication::note::CopyCompleted const& completed);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);

private:
    [[nodiscard]] std::uint32_t limit(View const& view, GroupId group) const;
    struct Record {
        std::uint64_t sequence = 0;
        Extent range;
        std::uint64_t content = 0;
    };
    /// What is known of one target.
    struct Stream {
        Slot source;
        bool live = false;          ///< the model is what the target holds, but for `recent`
        std::uint64_t arrived = 0;  ///< sequence of the last record that reached it
        Image model;
        std::vector<Record> recent;  ///< a ring
        std::size_t oldest = 0;
        void forget() {
            recent.clear();
            oldest = 0;
            arrived = 0;
        }
        [[nodiscard]] Record const& at(std::size_t i) const {
            return recent[(oldest + i) % recent.size()];
        }
    };
    Stream& stream(View const& view, GroupId group, Slot target);
    void add(Stream& stream, std::size_t capacity, Record const& record);
    /// The longest prefix that the copy holds.
    struct Fit {
        bool found = false;
        std::size_t least = 0;    ///< so many records have to be in it: they are seen, or arrived
        std::size_t missing = 0;  ///< records after it
        Extent difference;        ///< where the copy fits no shorter one
    };
    [[nodiscard]] static Fit fit(View const& view, From from, Stream const& stream);
    void judge(View& view, GroupId group, NodeId node, Stream const& stream);

    std::vector<Stream> streams_;        // by group and slot
    std::vector<std::uint32_t> raised_;  // by group: the highest limit an operator gave
};

}  // namespace sunder::netsim
