// SPDX-License-Identifier: BSD-3-Clause
//
// The volumes of an array, as it presents them to hosts.
#pragma once

#include "nodes/live/array_service.h"
#include "nodes/live/hosted.h"

namespace sunder::live {

std::unique_ptr<Hosted> host_array(std::unique_ptr<ArrayService> service);

}  // namespace sunder::live
