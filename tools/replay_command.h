// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder replay`: a recorded life of a node once more, and whether its machines do the same again.
#pragma once

#include <string>

namespace sunder::tools {

struct ReplayRequest {
    std::string path;      ///< a recording, or a folder of them
    bool explain = false;  ///< what the machines noted, in words, and on which facts they decided
};

/// 0: everything came out as then; 1: something else did; 3: what is there is no recording.
int replay(ReplayRequest const& request);

}  // namespace sunder::tools
