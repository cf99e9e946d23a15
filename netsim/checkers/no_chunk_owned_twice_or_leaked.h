// SPDX-License-Identifier: BSD-3-Clause
//
// no_chunk_owned_twice_or_leaked (DESIGN 3): no place of a disk group belongs to two families of
// volumes, or to one that gave it up; each that is in use is used by somebody. It audits the map
// when a command was carried out, when the array reports something else of a volume, after a power
// cut, at the end, and in between whenever as much was entered as makes it worth its time. A state
// checker.
#pragma once

#include "netsim/checkers/view.h"

#include <map>

namespace sunder::netsim {

class NoChunkOwnedTwiceOrLeaked {
public:
    static constexpr CheckerText text{"no_chunk_owned_twice_or_leaked", "arrays A1",
                                      "each place of an array has one owner, or none", true, true};

    void on(View& view, seen::ArrayNoted const& noted);
    void finish(View& view);

private:
    void audit(View& view, ArrayId array);

    std::map<ArrayId, std::uint64_t> entered_;  // since the last audit
};

}  // namespace sunder::netsim
