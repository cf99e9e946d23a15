// SPDX-License-Identifier: BSD-3-Clause
//
// A plain NBD server, nbdkit, on a Unix socket in a folder of the test's own: begun, killed, begun
// anew.
#pragma once

#include "tests/support/scratch_folder.h"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace sunder::live {

class NbdServer {
public:
    NbdServer() = default;
    ~NbdServer();
    NbdServer(NbdServer const&) = delete;
    NbdServer& operator=(NbdServer const&) = delete;

    /// Waits until it hears. `words`: filters, a plugin, and their parameters.
    void serve(std::vector<std::string> words);
    void serve_memory() { serve({"memory", "16M"}); }
    /// Any signal; of SIGKILL it waits for the end, of SIGSTOP until all of it stands.
    void kill(int how);

    [[nodiscard]] std::string uri() const { return "nbd+unix:///?socket=" + at("sock"); }
    /// A file in its folder.
    [[nodiscard]] std::string at(char const* name) const {
        return (folder_.path() / name).string();
    }

private:
    testing::ScratchFolder folder_;
    pid_t process_ = 0;
};

}  // namespace sunder::live
