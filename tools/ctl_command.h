// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder ctl`: what an operator asks of a node that is served, and what he sees of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sunder::tools {

struct CtlRequest {
    std::string control;      ///< the socket at which it hears operators
    bool json = false;        ///< the answer as it comes
    bool watch = false;       ///< status again and again, when it has changed
    bool follow = false;      ///< events as they come, after those that are there
    std::uint64_t after = 0;  ///< of events: only those behind this one
    bool yes = false;         ///< do not ask before something is lost
    unsigned timeout = 30;    ///< seconds within which it has to answer
    std::vector<std::string> words;
};

/// 0: done; 1: refused; 2: not decided yet; 3: the words are wrong, or nobody hears them.
int ctl(CtlRequest const& request);

}  // namespace sunder::tools
