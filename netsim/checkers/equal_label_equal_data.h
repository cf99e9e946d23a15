// SPDX-License-Identifier: BSD-3-Clause
//
// equal_label_equal_data (SAF-18): when a handshake declares two copies in sync without a resync,
// they hold the same, whatever their generations and intent logs say (G14). A state checker: whole
// copies are compared as the leg begins to mirror, but for sectors that open requests are writing.
#pragma once

#include "netsim/checkers/view.h"

#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

class EqualLabelEqualData {
public:
    static constexpr CheckerText text{"equal_label_equal_data", "SAF-18",
                                      "copies that are declared in sync hold the same"};

    void on(View& view, From from, replication::note::LegChanged const& changed);

private:
    struct Declared {  // and not taken up yet
        GroupId group;
        NodeId source;
        NodeId target;
        std::string difference;
    };
    [[nodiscard]] static std::optional<std::string> compare(View const& view, GroupId group,
                                                            NodeId source, NodeId target);

    std::vector<Declared> declared_;
};

}  // namespace sunder::netsim
