// SPDX-License-Identifier: BSD-3-Clause
//
// The fault budget, as checkers need it: what disks did to their data without a word, and what an
// operator said of them that was wrong. A design
// promises nothing about data that its disk falsified, as long as no checksum proves which copy is
// right (SAF-15); about all other data it promises everything, in the same run. So an injury is a
// content that is false in one place of one copy: whoever finds it there has found the injury and
// not a mistake of the engine, and it is allowed, named and counted (SAF-23). A content that was
// never false there explains nothing.
//
// What lost writes, stale reads and old clones leave is genuine, only older, and a copy that is not
// written as it should be looks the same. Therefore an injury has an end and a way:
// - On a copy it lasts until that place is written there again. A power cut that takes this write
//   back brings it back.
// - To another copy it gets by a resync: one that holds it, or whose disk read it, sends that
//   place, and thereupon the other writes just that. Or by an image that somebody puts on a disk,
//   which may hold what was false anywhere at any time.
// - What was only read wrong explains what hosts are told, and no disk.
//
// Who clears a copy's intent log says that another is equal to it (R19, R88). Where that is not so,
// what the other holds is the operator's doing, as if its disk had put it there (SAF-23). So is
// what a power cut brings back on either of them, of what neither had flushed by then: nothing
// tells of it any more (R19).
#pragma once

#include "netsim/image.h"
#include "netsim/observation.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace sunder::netsim {

class World;

struct Injury {
    NodeId node;  ///< whose disk lied, or whose log an operator cleared
    DiskLie lie = DiskLie::bit_rot;
    Duration at;
    std::uint32_t number = 0;  ///< each place of each lie has its own
    bool by_operator = false;  ///< then no disk lied
};

class Injuries {
public:
    /// Requires that resyncs are watched (`Watching::rare_records`) and disk writes, too.
    void see(World const& world, Observation const& observation);

    [[nodiscard]] bool none() const { return spots_.empty(); }
    /// Where a copy of the group was found false.
    struct Place {
        GroupId group;
        NodeId node;
        std::uint64_t sector = 0;
    };
    /// The injury that left this content on the disk; null when none did.
    [[nodiscard]] Injury const* on_disk(Place const& place, Content content) const;
    /// The injury that had a host of the node be told of this content; null when none did.
    [[nodiscard]] Injury const* in_answer(Place const& place, Content content) const;
    /// True when nobody asked yet, for this property, about this injury on this copy.
    [[nodiscard]] bool count(std::string_view property, Injury const& injury, NodeId found_on) {
        return counted_.emplace(property, injury.number, found_on).second;
    }
    /// "bit rot on server1", or "bit rot on server1 that spread to server2".
    [[nodiscard]] static std::string name(World const& world, Injury const& injury,
                                          NodeId found_on);

private:
    enum class State : std::uint8_t {
        held,     ///< the copy of `node` has it, unless something else is on its disk
        covered,  ///< it was written over there
        read,     ///< the disk of `node` has said so, and holds something else
        sent,     ///< a resync carries it away from `node`
    };
    struct Spot {
        GroupId group;
        NodeId node;
        Extent range;
        Content content;
        Injury injury;
        State state = State::held;
    };
    void lied(World const& world, seen::DiskLied const& lied);
    void taken_for_equal(World const& world, GroupId group, NodeId node, NodeId other);
    void may_return(World const& world, GroupId group, NodeId on, Injury injury);
    void written(World const& world, seen::DiskWritten const& written);
    void sent(seen::RecordSent const& sent);
    void died(World const& world, NodeId node);
    void replaced(World const& world, GroupId group, NodeId node);
    /// Takes the part from the spot, which may become two.
    void carve(std::size_t spot, Extent part);
    /// What the disk of `node` is found to hold of the spot, within the range, has got there.
    void move(World const& world, std::size_t spot, NodeId node, Extent within);
    /// The first run of sectors in which the disk of `node` holds the spot's content and was not
    /// known to; empty when there is none.
    [[nodiscard]] Extent fresh(World const& world, Spot const& spot, NodeId node,
                               Extent within) const;
    [[nodiscard]] Injury const* find(Place const& place, Content content, bool read) const;

    std::vector<Spot> spots_;  // in the order in which they came about
    std::uint32_t next_number_ = 0;
    std::set<std::tuple<std::string_view, std::uint32_t, NodeId>> counted_;
    struct Pair {
        GroupId group;
        NodeId node;
        NodeId other;
    };
    std::optional<Pair> lying_;     // the write that is seen next was answered, and not done
    std::optional<Pair> borrowed_;  // the answer that is seen next is what the other one read
};

}  // namespace sunder::netsim
