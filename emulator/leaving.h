// SPDX-License-Identifier: BSD-3-Clause
//
// What maps that were dropped count for while they are given up step by step. Private to the array.
#pragma once

#include "emulator/state.h"

namespace sunder::emulator {

/// A map leaves that was paid at that Vraid. All copies of a family that leave count for the
/// cheapest of them from then on: in whichever order they are gone, none makes the rest dearer.
void let_leave(State& state, MapId map, Vraid vraid);

}  // namespace sunder::emulator
