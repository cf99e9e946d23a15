// SPDX-License-Identifier: BSD-3-Clause
//
// Where a mirror ends.
#include "netsim/checkers/nothing_outside_the_mirror.h"

#include <fmt/format.h>

namespace sunder::netsim {

void NothingOutsideTheMirror::on(View& view, seen::DiskWritten const& written) {
    if (view.mirrored(written.group).contains(written.range)) return;
    MirrorSetup const& mirror = view.mirror(written.group);
    view.violated(
        text, written.group,
        fmt::format("{} wrote sectors {}..{} of its disk, but {} has {} sectors, and what lies "
                    "behind them is none of it",
                    view.name(written.node), written.range.first, written.range.end() - 1,
                    mirror.name, mirror.sectors));
}

}  // namespace sunder::netsim
