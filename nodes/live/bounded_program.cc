// SPDX-License-Identifier: BSD-3-Clause
//
// A child in a group of processes of its own, and a wait for three things at a time: its end, the
// bell, and the clock.
#include "nodes/live/bounded_program.h"

#include "base/verify.h"
#include "nodes/live/clock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace sunder::live {

Bell::Bell() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { VERIFY(descriptor_ >= 0); }
Bell::~Bell() { ::close(descriptor_); }
void Bell::ring() { ::eventfd_write(descriptor_, 1); }
void Bell::hush() {
    eventfd_t rung = 0;
    ::eventfd_read(descriptor_, &rung);
}

namespace {

/// What posix_spawn takes, with an end.
class Words {
public:
    explicit Words(std::vector<std::string> words) : words_(std::move(words)) {
        for (std::string& word : words_) pointers_.push_back(word.data());
        pointers_.push_back(nullptr);
    }
    char** data() { return pointers_.data(); }

private:
    std::vector<std::string> words_;
    std::vector<char*> pointers_;
};

/// The error is an errno. Signals are as they are for any program, and nothing of this process is
/// open: what a program leaves running must keep neither sockets nor locks of a node that has gone.
int spawn(Words& words, Words& environment, pid_t& child) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&files);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    int const failure = ::posix_spawnp(&child, words.data()[0], &files, &attributes, words.data(),
                                       environment.data());
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    return failure;
}

std::vector<std::string> environment_with(
    std::vector<std::pair<std::string, std::string>> const& more) {
    std::vector<std::string> all;
    for (char** one = environ; *one != nullptr; ++one) all.emplace_back(*one);
    for (auto const& [name, value] : more) all.push_back(name + "=" + value);
    return all;
}

int milliseconds_until(Duration end) {
    std::int64_t const left = end.ns - boot_time().ns;
    return static_cast<int>(std::clamp<std::int64_t>(left / 1'000'000 + 1, 0, 1 << 30));
}

enum class Waited : std::uint8_t { ended, called_off, too_long };

bool has_ended(pid_t child) {
    siginfo_t found{};
    ::waitid(P_PID, static_cast<id_t>(child), &found, WEXITED | WNOHANG | WNOWAIT);
    return found.si_pid == child;
}

/// `process` is a descriptor of the child; negative: there was none left, and it is looked at often
/// instead. poll(2) passes it over then.
Waited wait_for(int process, pid_t child, Bell const& bell, Duration within) {
    constexpr int often = 20;  // ms
    Duration const end{boot_time().ns + within.ns};
    std::array<pollfd, 2> both{pollfd{process, POLLIN, 0}, pollfd{bell.descriptor(), POLLIN, 0}};
    for (;;) {
        int const left = milliseconds_until(end);
        int const found =
            ::poll(both.data(), both.size(), process < 0 ? std::min(left, often) : left);
        if (found < 0 && errno == EINTR) continue;
        VERIFY(found >= 0);
        if ((both[0].revents & POLLIN) != 0) return Waited::ended;
        if (process < 0 && has_ended(child)) return Waited::ended;
        if ((both[1].revents & POLLIN) != 0) return Waited::called_off;
        if (boot_time().ns >= end.ns) return Waited::too_long;
    }
}

}  // namespace

Ran run_bounded(std::vector<std::string> const& words,
                std::vector<std::pair<std::string, std::string>> const& more, Duration within,
                Bell const& bell) {
    Words arguments(words);
    Words environment(environment_with(more));
    pid_t child = 0;
    if (int const failure = spawn(arguments, environment, child); failure != 0) {
        return {.words = fmt::format("{}: {}", words.front(), std::strerror(failure))};
    }
    auto const process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    VERIFY(process >= 0 || errno == EMFILE || errno == ENFILE);
    Waited const waited = wait_for(process, child, bell, within);
    if (process >= 0) ::close(process);
    // Before it is waited for: until then nobody else's group has its number.
    if (waited != Waited::ended) ::kill(-child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    switch (waited) {
        case Waited::called_off:
            return {.called_off = true, .words = fmt::format("{}: called off", words.front())};
        case Waited::too_long:
            return {.words = fmt::format("{}: took longer than {}, and was killed", words.front(),
                                         to_text(within))};
        case Waited::ended:
            break;
    }
    if (WIFSIGNALED(status)) {
        return {.words = fmt::format("{}: killed by signal {}", words.front(), WTERMSIG(status))};
    }
    if (WEXITSTATUS(status) == 0) return {.ok = true};
    return {.words = fmt::format("{}: ended with {}", words.front(), WEXITSTATUS(status))};
}

}  // namespace sunder::live
