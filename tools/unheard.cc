// SPDX-License-Identifier: BSD-3-Clause
//
// Whether nobody is there, or nobody in time.
#include "tools/unheard.h"

#include "nodes/live/control_client.h"
#include "tools/run_command.h"

#include <fmt/format.h>
#include <cstdio>

namespace sunder::tools {

int unheard(std::string_view command, std::string const& control, unsigned timeout,
            std::string const& why, bool asked) {
    if (why != live::too_late) {
        fmt::print(stderr, "{}: nobody answers at {}: {}\n", command, control, why);
        return wrong_input;
    }
    fmt::print(stderr, "{}: no answer at {} within {} s: its process stands still, or is busy{}\n",
               command, control, timeout, asked ? "; what was asked for may be done yet" : "");
    return wrong_input;
}

}  // namespace sunder::tools
