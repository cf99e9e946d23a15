// SPDX-License-Identifier: BSD-3-Clause
//
// every_loss_attributed (SAF-23): whoever loses an acknowledged write by an operator's word can
// show the word. A history checker: when a node comes in service by force, the engine's own audit
// record (OverrideRecorded) has been made by it before, in the same boot; and no node comes in
// service by force that nobody asked to.
//
// Losses by other causes are attributed where they are found: no_lost_acknowledged_write names
// each.
#pragma once

#include "netsim/checkers/view.h"

#include <vector>

namespace sunder::netsim {

class EveryLossAttributed {
public:
    static constexpr CheckerText text{
        "every_loss_attributed", "SAF-23",
        "what an operator's override loses is on the engine's own record", true};

    void on(View& view, seen::OperatorAsked const& asked);
    void on(View& view, seen::NodeDied const& died);
    void on(View& view, From from, replication::note::OverrideRecorded const& recorded);
    void on(View& view, From from, replication::note::Conceded const& conceded);
    void on(View& view, NodeId node, nodes::note::CameInService const& came);

private:
    struct Word {
        bool asked = false;
        bool recorded = false;
        bool named = false;  ///< the loser of a split brain
    };
    Word& word(View const& view, GroupId group, NodeId node);
    std::vector<Word> words_;  // by group and slot
};

}  // namespace sunder::netsim
