// SPDX-License-Identifier: BSD-3-Clause
//
// What nbdkit is told, and signals.
#include "scenarios/live/process.h"

#include "base/verify.h"
#include "nodes/live/setup_codec.h"
#include "nodes/live/socket_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

namespace sunder::staged {

namespace {

[[noreturn]] void fail(char const* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// The setup goes along in a file that has no name, and is gone with the process.
int setup_file(live::NodeSetup const& setup) {
    std::vector<std::byte> const bytes = live::encode_setup(setup);
    int const file = ::memfd_create("sunder-node", MFD_CLOEXEC);
    if (file < 0) fail("memfd_create");
    std::size_t done = 0;
    while (done < bytes.size()) {
        ssize_t const written = ::write(file, &bytes[done], bytes.size() - done);
        if (written <= 0) fail("memfd");
        done += static_cast<std::size_t>(written);
    }
    return file;
}

/// As /proc has it; 0 when it is gone.
char state_of(std::filesystem::path const& task) {
    std::ifstream file(task / "stat");
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    std::size_t const end = text.rfind(") ");
    return end == std::string::npos ? '\0' : text[end + 2];
}

}  // namespace

NodeProcess::NodeProcess(std::string plugin, std::filesystem::path folder, live::NodeSetup setup)
    : plugin_(std::move(plugin)),
      folder_(std::move(folder)),
      setup_(std::move(setup)),
      name_(setup_.members[setup_.config.self.value].name) {
    setup_.state = at(".state");
    setup_.recordings = at(".recordings");
    setup_.recordings_size = GiB(4);
    setup_.recordings_part = MiB(1);  // so that what is written of machines is looked at, too
    setup_.recorded_at_once = true;
    setup_.carries_zeroes = true;
    setup_.stands_still = true;
}

NodeProcess::~NodeProcess() {
    if (runs()) kill();
}

void NodeProcess::start() {
    VERIFY(!runs());
    if (auto const room = live::make_room_for_socket(exports()); !room) {
        throw std::system_error(EADDRINUSE, std::generic_category(), room.error());
    }
    int const setup = setup_file(setup_);
    int const log = ::open(at(".log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) fail("log");
    constexpr char const* inherited = "node=/proc/self/fd/3";
    std::vector<std::string> const words{"nbdkit",
                                         "--foreground",
                                         "--threads=128",
                                         "--unix",
                                         exports(),
                                         plugin_,
                                         inherited,
                                         "store=" + setup_.state + "/array",
                                         "control=" + control()};
    std::vector<char*> arguments;
    for (std::string const& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
        // Nothing is left behind, however this process ends.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(log, STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
        if (setup == 3) {
            ::fcntl(setup, F_SETFD, 0);
        } else {
            ::dup2(setup, 3);
        }
        ::execvp(arguments.front(), arguments.data());
        ::_exit(127);
    }
    ::close(setup);
    ::close(log);
}

void NodeProcess::kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
    paused_ = held_ = false;
}

void NodeProcess::pause() {
    ::kill(pid_, SIGSTOP);
    paused_ = true;
    // The signal is for the process; its threads do not all stop at once.
    std::filesystem::path const tasks = "/proc/" + std::to_string(pid_) + "/task";
    for (bool still = false; !still;) {
        still = true;
        for (auto const& task : std::filesystem::directory_iterator(tasks)) {
            char const state = state_of(task.path());
            still = still && (state == 'T' || state == 'Z' || state == 'X' || state == '\0');
        }
        if (!still) ::sched_yield();
    }
}

void NodeProcess::release() {
    if (std::exchange(held_, false)) ::kill(pid_, SIGCONT);
}

void NodeProcess::resume() {
    ::kill(pid_, SIGCONT);
    paused_ = false;
}

void NodeProcess::look() {
    int status = 0;
    if (!runs() || ::waitpid(pid_, &status, WNOHANG | WUNTRACED) != pid_) return;
    if (WIFSTOPPED(status)) {
        held_ = !paused_;
        return;
    }
    pid_ = 0;
    paused_ = held_ = false;
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string NodeProcess::last_words() const {
    std::ifstream file(at(".log"));
    std::string text{std::istreambuf_iterator<char>(file), {}};
    constexpr std::size_t most = 600;
    return text.size() <= most ? text : "..." + text.substr(text.size() - most);
}

}  // namespace sunder::staged
