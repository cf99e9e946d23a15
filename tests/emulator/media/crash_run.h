// SPDX-License-Identifier: BSD-3-Clause
//
// A random run of a rig on a real store, at many moments of which it is asked what a power cut, or
// a kill, would leave: between acts, and before every operation of a flush. Each state that may be
// found is opened, checked, compared with the model, and thrown away; the run goes on as if nothing
// had been.
#pragma once

#include "tests/emulator/media/file_medium.h"
#include "tests/emulator/rig.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sunder::emulator::media::test {

struct CrashRun {
    std::uint64_t seed = 0;
    unsigned acts = 40;
    bool small_group = false;
    std::uint64_t flushes = 12;  ///< of so many operations in flushes, one is looked at
    std::uint64_t between = 10;  ///< of so many acts, the end of one
};

/// What befell the runs, by name.
using Tally = std::map<std::string, std::uint64_t>;

/// What is wrong, in words; empty when nothing is.
std::string play(CrashRun const& run, Tally& tally);

}  // namespace sunder::emulator::media::test
