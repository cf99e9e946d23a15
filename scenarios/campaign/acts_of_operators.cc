// SPDX-License-Identifier: BSD-3-Clause
//
// What operators do beside forcing, moving and taking out mirrors (FLT-12). Whoever is wrong is
// refused, or answers for what comes of it; most of this needs a cluster that has something for it.
#include "scenarios/campaign/acts.h"

#include <algorithm>

namespace sunder::campaign {

namespace step = language::step;

/// To the server that has it, too, which is refused.
void Site::moved_disk() const {
    Fault const drawn = fault();
    auto const& on = cluster().mirrors[drawn.mirror].on;
    auto const disk = std::ranges::find_if(on, [&](NodeId node) { return is_shared(base_, node); });
    if (disk == on.end()) return;
    NodeId const to = cluster().nodes[disk->value].shared_by[below(2)];
    put(drawn.after, step::MoveSharedDisk{*disk, to, "", false});
}

}  // namespace sunder::campaign
