// SPDX-License-Identifier: BSD-3-Clause
//
// What an array of a simulated cluster consists of. It decides the defaults; whether such an array
// is possible is checked where it is read.
#pragma once

#include "emulator/command.h"
#include "emulator/profile.h"
#include "netsim/cluster.h"

#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

/// A disk array, which stands by itself: a profile, in which of the switches it is not as that, and
/// the commands that set it up before a run begins. Requires that none of them is refused.
struct ArraySetup {
    std::string name;
    std::string profile = "eva-xcs6";
    std::vector<emulator::Switch> switches{};
    bool licensed = true;  ///< for local copies (arrays A4.1)
    DiskModel disk;        ///< of all its disks together
    std::vector<emulator::Command> setup;
    friend bool operator==(ArraySetup const&, ArraySetup const&) = default;
};

/// The profile with the switches of a setup; nothing where there is no such profile or switch.
std::optional<emulator::Profile> profile_of(ArraySetup const& setup);

}  // namespace sunder::netsim
