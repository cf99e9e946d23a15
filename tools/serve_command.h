// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder serve`: becomes the process that serves what a file describes.
#pragma once

#include <string>

namespace sunder::tools {

struct ServeRequest {
    std::string path;
    std::string socket;     ///< instead of what the file says
    std::string plugin;     ///< nbdkit's; empty: where it was built, or installed
    std::string pidfile;    ///< written when hosts may attach
    bool print = false;     ///< the command that would be run, and no more
    bool clean_up = false;  ///< nothing is served: what stands on the node's mirrors is stopped
};

/// Returns only when it failed, printed or cleaned up.
int serve(ServeRequest const& request);

}  // namespace sunder::tools
