// SPDX-License-Identifier: BSD-3-Clause
//
// nothing_outside_the_mirror (SAF-21, R5): no write reaches a disk beyond the part of it that is
// mirrored, which is as long as the source's disk; whatever else a larger disk holds stays. A state
// checker: it looks at each write, and at no content, because copies are compared inside the mirror
// only.
//
// A target that is smaller than its source is refused before there is a mirror: by whoever reads a
// scenario, and by who extends one (R5). A mirror does not change its size here, so that bits have
// nothing to be kept over.
#pragma once

#include "netsim/checkers/view.h"

namespace sunder::netsim {

class NothingOutsideTheMirror {
public:
    static constexpr CheckerText text{"nothing_outside_the_mirror", "SAF-21, R5",
                                      "nothing is written on a disk behind the mirror's end", true};

    void on(View& view, seen::DiskWritten const& written);
};

}  // namespace sunder::netsim
