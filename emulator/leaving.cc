// SPDX-License-Identifier: BSD-3-Clause
//
// The one Vraid of all that leave.
#include "emulator/leaving.h"

namespace sunder::emulator {

void let_leave(State& state, MapId map, Vraid vraid) {
    state.leaving[map] = vraid;
    auto const& members = state.map.family_of(map).members;
    // The first one's places are its own, and no copy's.
    if (map == members.front()) return;
    auto const each = [&](auto const& with) {
        for (MapId const other : members) {
            auto const found = state.leaving.find(other);
            if (other != members.front() && found != state.leaving.end()) with(found->second);
        }
    };
    each(
        [&](Vraid theirs) { vraid = raw_bytes(1, theirs) < raw_bytes(1, vraid) ? theirs : vraid; });
    each([&](Vraid& theirs) { theirs = vraid; });
}

}  // namespace sunder::emulator
