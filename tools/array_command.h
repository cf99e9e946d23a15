// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder array`: an operator's words to an array that is served, and its answer.
#pragma once

#include <string>
#include <vector>

namespace sunder::tools {

struct ArrayRequest {
    std::string control;    ///< the socket at which it hears operators
    bool json = false;      ///< the answer as it comes
    unsigned timeout = 30;  ///< seconds within which it has to answer
    std::vector<std::string> words;
};

/// 0: done; 1: refused; 3: the words are wrong, or nobody hears them in time.
int ask_array(ArrayRequest const& request);
/// `sunder array check DIR`: 0 when nothing is wrong with the store, 1 when something is, 2 when
/// nobody can say, because it is in use, and 3 when there is none.
int check_array(std::string const& folder, bool in_json);
/// What can be said, a line each.
std::string array_help();

}  // namespace sunder::tools
