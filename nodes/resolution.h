// SPDX-License-Identifier: BSD-3-Clause
//
// May an operator name this node the loser of a split brain now (R32..R34)? Pure and total. The
// loser gives up what was written to it since the two copies parted, so it must be known that they
// have parted, and from whom.
#pragma once

#include "nodes/in_service.h"

#include <string_view>

namespace sunder::nodes {

struct ResolutionFacts {
    /// What the other copy is to this one.
    enum class Winner : std::uint8_t {
        unreachable,
        silent,     ///< it can be reached, but has not said what it holds
        parted,     ///< both were written after they parted, one was forced past the other, or they
                    ///< have nothing in common: then all that is here is given up
        overtaken,  ///< it serves, although this copy holds later data (SAF-4)
        kin,        ///< one of the two is simply the other's ancestor
    };
    bool has_copy = true;
    bool in_transition = false;  ///< on its way into or out of service
    Winner winner = Winner::unreachable;
    friend bool operator==(ResolutionFacts const&, ResolutionFacts const&) = default;
};

enum class ResolutionRule : std::uint8_t {
    granted,
    no_copy_here,
    in_transition,
    winner_unreachable,
    winner_silent,
    no_split_brain,
    both_were_named,  ///< said by the other node, which is conceding
    resource_does_not_stop,
    last
};

ResolutionRule decide_resolution(ResolutionFacts const&);
replication::RuleText text_of(ResolutionRule);
std::string_view name_of(ResolutionFacts::Winner);

}  // namespace sunder::nodes
