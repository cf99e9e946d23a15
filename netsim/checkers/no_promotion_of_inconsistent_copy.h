// SPDX-License-Identifier: BSD-3-Clause
//
// no_promotion_of_inconsistent_copy (SAF-5): a node comes in service by itself only as the last
// owner, or with a copy that was in sync, was watched being so in this boot, and is not known to
// have been left behind; or after a boot, when it was taking over by that right as it died. A
// history checker with books of its own (chronicle): it asks neither the machines nor the rules
// that they decide by. In addition a target that lost unflushed records with its power must know,
// when it boots, that it is inconsistent: otherwise the next decision could not be right (state;
// nodes with one copy only, whose fates are its own).
//
// What an operator forces is not judged here (SAF-23 is). A copy that was left behind and could not
// be told, because the path or the source went at the same time, is "left behind unknowingly" and
// allowed under a faithful policy, which has nothing against it; and so is one that lived when an
// administrator told its source that it is dead (R63): "operator override".
#pragma once

#include "netsim/checkers/view.h"

#include <vector>

namespace sunder::netsim {

class NoPromotionOfInconsistentCopy {
public:
    static constexpr CheckerText text{
        "no_promotion_of_inconsistent_copy", "SAF-5",
        "only the last owner or a copy watched in sync comes in service by itself"};

    void on(View& view, NodeId node, nodes::note::CameInService const& came);
    void on(View& view, seen::NodeDied const& died);
    void on(View& view, seen::NodeStarted const& started);

private:
    struct Tear {
        bool torn = false;
        Duration at;
    };
    std::vector<Tear> tears_;  // by node: its target copy lost unflushed records
};

}  // namespace sunder::netsim
