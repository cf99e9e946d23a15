// SPDX-License-Identifier: BSD-3-Clause
//
// Hears the signals that nbdkit ends by before nbdkit does, and lets it hear them too. An ending
// has two steps: hosts are heard no more and get what they have asked for; what has not come by
// then is refused.
#include "emulator/nbdkit/hosts.h"

#include "nodes/live/log.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
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

/// Why nobody can be let in; empty: somebody can.
std::string Hosts::shortage() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return "";
    std::size_t const used = sockets_.in_use();
    // Where there are hardly any, hosts have some all the same.
    std::size_t const kept = std::min<std::size_t>(left_to_others, limit.rlim_cur / 8);
    if (used + kept <= limit.rlim_cur) return "";
    return fmt::format("of {} descriptors {} are in use, and the last {} are not for hosts",
                       limit.rlim_cur, used, kept);
}

bool Hosts::lets_in() {
    std::string const why = shortage();
    if (why.empty()) return true;
    std::lock_guard const lock(refusing_);
    for (std::string const& line :
         refusals_.add("", "a host's, because " + why, live::Refusals::Time::clock::now())) {
        live::log(live::Level::warning, line);
    }
    return false;
}

std::string Hosts::objection() {
    std::lock_guard const lock(lock_);
    if (open_.size() < most_open) return "";
    return fmt::format("{} connections of hosts are open, and no more are", open_.size());
}

/// What was withheld is told when there is nobody any more to be told of, too.
void Hosts::tell_of_refused() {
    std::lock_guard const lock(refusing_);
    for (std::string const& line : refusals_.due(live::Refusals::Time::clock::now())) {
        live::log(live::Level::warning, line);
    }
}

void Hosts::wait_for_the_end() {
    constexpr int look_every = 10'000;  // in ms
    std::uint64_t times = 0;
    for (pollfd end{told, POLLIN, 0}; ::poll(&end, 1, look_every) <= 0;) tell_of_refused();
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
