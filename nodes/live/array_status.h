// SPDX-License-Identifier: BSD-3-Clause
//
// What operators see of an array, as JSON. Its keys are an interface: renaming one breaks scripts.
#pragma once

#include "emulator/media/faults.h"
#include "emulator/state.h"

#include <boost/json/fwd.hpp>
#include <span>

namespace sunder::live {

boost::json::object in_json(emulator::State const& state);
boost::json::array in_json(std::span<emulator::media::Fault const> faults,
                           emulator::Catalogue const& catalogue);

}  // namespace sunder::live
