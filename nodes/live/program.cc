// SPDX-License-Identifier: BSD-3-Clause
//
// A child process, and how it ends.
#include "nodes/live/program.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace sunder::live {

bool run_program(std::vector<std::string> const& words, std::string const& last) {
    std::vector<char*> arguments;
    for (std::string const& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(const_cast<char*>(last.c_str()));
    arguments.push_back(nullptr);
    pid_t child = 0;
    if (::posix_spawnp(&child, arguments.front(), nullptr, nullptr, arguments.data(), environ)) {
        return false;
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return false;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace sunder::live
