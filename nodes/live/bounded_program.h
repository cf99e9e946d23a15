// SPDX-License-Identifier: BSD-3-Clause
//
// Programs that may hang: each is given so much time and no more, and can be called off. Then it is
// killed, with everything that it began and that is still in its group of processes.
#pragma once

#include "base/units.h"

#include <string>
#include <utility>
#include <vector>

namespace sunder::live {

/// One bell that calls off whatever program listens to it.
class Bell {
public:
    Bell();
    ~Bell();
    Bell(Bell const&) = delete;
    Bell& operator=(Bell const&) = delete;

    void ring();
    void hush();
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

struct Ran {
    bool ok = false;          ///< it ended with 0, by itself
    bool called_off = false;  ///< by the bell
    std::string words{};      ///< what became of it, where it is not ok
};

/// Waits for it. Its standard input is empty; what it says goes where this process says its own;
/// nothing else is open in it.
/// `more` is added to its environment. Requires at least one word.
Ran run_bounded(std::vector<std::string> const& words,
                std::vector<std::pair<std::string, std::string>> const& more, Duration within,
                Bell const& bell);

}  // namespace sunder::live
