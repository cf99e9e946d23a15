// SPDX-License-Identifier: BSD-3-Clause
//
// The process, and where its socket is.
#include "tests/nodes/live/nbd_server.h"

#include "tests/nodes/live/pair.h"

#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>

namespace sunder::live {

NbdServer::~NbdServer() { kill(SIGKILL); }

void NbdServer::serve(std::vector<std::string> words) {
    std::filesystem::remove(at("sock"));
    std::filesystem::remove(at("pid"));
    std::vector<std::string> all{"nbdkit",   "--foreground", "--unix",
                                 at("sock"), "--pidfile",    at("pid")};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    for (std::string& word : all) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    process_ = ::fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) {
        ::execvp(arguments.front(), arguments.data());
        std::_Exit(127);
    }
    Pair::wait_until("nbdkit serves", [&] { return std::filesystem::exists(at("pid")); });
}

void NbdServer::kill(int how) {
    if (process_ <= 0) return;
    ::kill(process_, how);
    // Its threads go on for as long as they do not know.
    if (how == SIGSTOP) ::waitpid(process_, nullptr, WUNTRACED);
    if (how != SIGKILL) return;
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
}

}  // namespace sunder::live
