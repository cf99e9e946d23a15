// SPDX-License-Identifier: BSD-3-Clause
//
// Orders come through a named pipe, a line each, and each answer goes through a pipe of its own.
#include "scenarios/live/fencing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace sunder::staged {

namespace {

/// $0 is the folder, $1 the victim. A shell that nobody answers must not outlive its test for long.
constexpr char const* order_a_shot =
    R"(answer="$0/answer.$$"
mkfifo "$answer" || exit 1
echo "$1 $answer" >"$0/shots"
dead=no
read -r dead <"$answer"
rm -f "$answer"
test "$dead" = yes)";

int open_pipe(std::filesystem::path const& path) {
    // For reading, too: so nobody who opens its other end waits.
    return ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

}  // namespace

std::vector<std::string> fencing_program(std::filesystem::path const& folder) {
    return {"timeout", "300", "sh", "-c", order_a_shot, folder.string()};
}

FencingDevice::FencingDevice(netsim::Cluster const& cluster, std::filesystem::path folder)
    : cluster_(cluster), folder_(std::move(folder)) {
    std::filesystem::path const pipe = folder_ / "shots";
    if (::mkfifo(pipe.c_str(), 0600) == 0) orders_ = open_pipe(pipe);
    if (orders_ < 0) throw std::system_error(errno, std::generic_category(), pipe.string());
}

/// Who has ordered and not yet begun to wait finds no pipe, and who waits reads its end: nobody
/// waits for an answer that never comes.
FencingDevice::~FencingDevice() {
    look({});
    ::close(orders_);
    for (auto const& [pipe, path] : answers_) {
        ::unlink(path.c_str());
        ::close(pipe);
    }
}

void FencingDevice::look(Duration now) {
    std::array<char, 4096> bytes;
    for (;;) {
        ssize_t const got = ::read(orders_, bytes.data(), bytes.size());
        if (got <= 0) break;
        heard_.append(bytes.data(), static_cast<std::size_t>(got));
    }
    for (std::size_t end = heard_.find('\n'); end != std::string::npos; end = heard_.find('\n')) {
        ordered(heard_.substr(0, end), now);
        heard_.erase(0, end + 1);
    }
}

void FencingDevice::ordered(std::string const& line, Duration now) {
    std::size_t const space = line.find(' ');
    std::string const victim = line.substr(0, space);
    for (std::uint8_t n = 0; n < cluster_.nodes.size(); ++n) {
        if (cluster_.nodes[n].name != victim) continue;
        std::filesystem::path const path = line.substr(space + 1);
        int const answer = open_pipe(path);
        answers_[answer] = path;
        aimed_.emplace(now + cluster_.fencing->takes, Shot{NodeId{n}, true, answer});
    }
}

std::optional<FencingDevice::Shot> FencingDevice::due(Duration now) {
    if (aimed_.empty() || aimed_.begin()->first > now) return std::nullopt;
    Shot shot = aimed_.begin()->second;
    aimed_.erase(aimed_.begin());
    shot.hits = !missed_.contains(shot.victim.value);
    return shot;
}

void FencingDevice::answered(Shot const& shot) {
    std::string const word = shot.hits ? "yes\n" : "no\n";
    // A pipe takes so few bytes at once; who ordered it may be gone.
    (void)!::write(shot.answer, word.data(), word.size());
}

void FencingDevice::set(NodeId victim, bool works) {
    if (works) {
        missed_.erase(victim.value);
    } else {
        missed_.insert(victim.value);
    }
}

}  // namespace sunder::staged
