// SPDX-License-Identifier: BSD-3-Clause
//
// The fault budget, as checkers need it: what disks did to their data without a word, and whose
// memory was put back. A design promises nothing about data that its disk falsified, as long as no
// checksum proves which copy is right (SAF-15); about all other data it promises everything, in the
// same run. So an injury is a content that is false in one place: whoever finds it there, on
// whichever copy, has found the injury and not a mistake of the engine, and it is allowed, named
// and counted (SAF-23). A content that was never false there explains nothing.
//
// Whether a copy's cell and intent log are what it stored last is another matter: a node that
// remembers what was may do anything that was right then. From a rollback of metadata on, checkers
// that build on memory allow by name what they would have called a violation, in all mirrors.
#pragma once

#include "netsim/image.h"
#include "netsim/observation.h"

#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

class World;

struct Injury {
    NodeId node;
    DiskLie lie = DiskLie::bit_rot;
    Duration at;
};

class Injuries {
public:
    void see(World const& world, Observation const& observation);

    [[nodiscard]] bool none() const { return spots_.empty(); }
    /// The injury that made this content false at this sector; null when nothing did.
    [[nodiscard]] Injury const* find(GroupId group, std::uint64_t sector, Content content) const;
    /// "bit rot on server1", or "bit rot on server1 that spread to server2".
    [[nodiscard]] static std::string name(World const& world, Injury const& injury,
                                          NodeId found_on);
    /// The node whose metadata was put back, if that ever happened.
    [[nodiscard]] std::optional<NodeId> rolled_back() const { return rolled_back_; }

private:
    struct Spot {
        GroupId group;
        Extent range;
        Content content;
        Injury injury;
    };
    std::vector<Spot> spots_;  // in the order in which they came about
    std::optional<NodeId> rolled_back_;
};

}  // namespace sunder::netsim
