// SPDX-License-Identifier: BSD-3-Clause
//
// Hears the signals that nbdkit ends by before nbdkit does, and lets it hear them too. An ending
// has two steps: hosts are heard no more and get what they have asked for; what has not come by
// then is refused.
#include "emulator/nbdkit/hosts.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

namespace sunder {

namespace {

constexpr std::array ending{SIGINT, SIGQUIT, SIGTERM};  // those that nbdkit ends by
std::array<struct sigaction, ending.size()> nbdkits;
int told = -1;  // an eventfd

void tell() {
    int const kept = errno;
    std::uint64_t const one = 1;
    [[maybe_unused]] ssize_t const written = ::write(told, &one, sizeof one);
    errno = kept;
}

void heard(int signal, siginfo_t* info, void* context) {
    tell();
    for (std::size_t i = 0; i < ending.size(); ++i) {
        if (ending[i] != signal) continue;
        if ((nbdkits[i].sa_flags & SA_SIGINFO) != 0) {
            nbdkits[i].sa_sigaction(signal, info, context);
        } else if (nbdkits[i].sa_handler != SIG_DFL && nbdkits[i].sa_handler != SIG_IGN) {
            nbdkits[i].sa_handler(signal);
        }
    }
}

void hear_signals() {
    told = ::eventfd(0, EFD_CLOEXEC);
    struct sigaction mine{};
    mine.sa_sigaction = heard;
    mine.sa_flags = SA_SIGINFO | SA_RESTART;
    for (std::size_t i = 0; i < ending.size(); ++i) ::sigaction(ending[i], &mine, &nbdkits[i]);
}

}  // namespace

void Hosts::begin(std::function<void()> stop) {
    stop_ = std::move(stop);
    sockets_.find_listeners();
    hear_signals();
    thread_ = std::thread([this] { wait_for_the_end(); });
}

void Hosts::end() {
    if (!thread_.joinable()) return;
    {
        std::lock_guard const lock(lock_);
        over_ = true;
    }
    ended_.notify_all();
    tell();  // unless it was told
    thread_.join();
}

void Hosts::wait_for_the_end() {
    std::uint64_t times = 0;
    while (::read(told, &times, sizeof times) < 0 && errno == EINTR) {
    }
    std::unique_lock lock(lock_);
    sockets_.let_all_go();
    ended_.wait_for(lock, last_answers, [this] { return over_; });
    lock.unlock();
    stop_();
}

void Hosts::opened(void const* handle, std::optional<std::size_t> mirror,
                   std::string const& peer_address) {
    std::lock_guard const lock(lock_);
    sockets_.opened(handle, peer_address);
    open_.emplace(handle, mirror);
}

void Hosts::closed(void const* handle) {
    std::lock_guard const lock(lock_);
    sockets_.closed(handle);
    open_.erase(handle);
}

void Hosts::let_go(std::size_t mirror) {
    std::lock_guard const lock(lock_);
    for (auto const& [handle, of] : open_) {
        if (of == mirror) sockets_.let_go(handle);
    }
}

}  // namespace sunder
