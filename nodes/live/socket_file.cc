// SPDX-License-Identifier: BSD-3-Clause
//
// Whether somebody has a Unix socket's file bound is asked of the kernel: it refuses to connect a
// socket of datagrams to one that nobody has, and does not disturb whoever has it.
#include "nodes/live/socket_file.h"

#include "nodes/live/clock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace sunder::live {

namespace {

constexpr Duration longest_look = seconds(5);

std::unexpected<std::string> failure(std::string const& path, int number) {
    return std::unexpected(fmt::format("{}: {}", path, std::strerror(number)));
}

bool is_same(struct stat const& one, struct stat const& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

std::string lock_of(std::string const& socket) { return socket + ".lock"; }

/// Whoever had it before may have removed it since it was opened.
bool is_there(int file, std::string const& path) {
    struct stat opened{};
    struct stat found{};
    return ::fstat(file, &opened) == 0 && ::lstat(path.c_str(), &found) == 0 &&
           is_same(opened, found);
}

/// 0: nobody has it bound; EADDRINUSE: somebody has; else why that is not known.
int look_who_has(sockaddr_un const& address) {
    int const probe = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return errno;
    bool const met =
        ::connect(probe, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0;
    int const number = met ? EADDRINUSE : errno;
    ::close(probe);
    // One of another kind is bound there, or one that hears somebody else only.
    if (number == EPROTOTYPE || number == EPERM) return EADDRINUSE;
    return number == ECONNREFUSED || number == ENOENT ? 0 : number;
}

}  // namespace

std::expected<sockaddr_un, std::string> unix_address(std::string const& path) {
    sockaddr_un made{};
    if (path.size() >= sizeof made.sun_path) {
        return std::unexpected(fmt::format("{}: a socket's path has at most {} characters", path,
                                           sizeof made.sun_path - 1));
    }
    made.sun_family = AF_UNIX;
    std::memcpy(made.sun_path, path.c_str(), path.size() + 1);
    return made;
}

std::expected<void, std::string> make_room_for_socket(std::string const& path) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) return {};
    auto const lock = SocketLock::take(path);
    if (!lock) return std::unexpected(lock.error());
    return lock->make_room();
}

// The lock.

std::expected<SocketLock, std::string> SocketLock::take(std::string const& path) {
    std::string const beside = lock_of(path);
    for (Duration const end = boot_time() + longest_look;;) {
        int const file =
            ::open(beside.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
        if (file < 0) return failure(path, errno);
        bool const mine = ::flock(file, LOCK_EX | LOCK_NB) == 0;
        int const number = mine ? 0 : errno;
        if (mine && is_there(file, beside)) return SocketLock(path, file);
        ::close(file);
        if (mine) continue;
        if (number != EWOULDBLOCK && number != EINTR) return failure(beside, number);
        if (boot_time() >= end) {
            return std::unexpected(fmt::format(
                "{}: somebody begins there, and does not go on: he has {}", path, beside));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

SocketLock::SocketLock(SocketLock&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

SocketLock::~SocketLock() {
    if (file_ < 0) return;
    // One that somebody has written to is his.
    struct stat opened{};
    if (::fstat(file_, &opened) == 0 && opened.st_size == 0) ::unlink(lock_of(path_).c_str());
    ::close(file_);
}

std::expected<void, std::string> SocketLock::make_room() const {
    struct stat found{};
    if (::lstat(path_.c_str(), &found) != 0) return {};
    if (!S_ISSOCK(found.st_mode)) {
        return std::unexpected(fmt::format("{}: there is a file that is no socket", path_));
    }
    auto const address = unix_address(path_);
    if (!address) return std::unexpected(address.error());
    int const number = look_who_has(*address);
    if (number == EADDRINUSE) {
        return std::unexpected(fmt::format("{}: somebody listens there", path_));
    }
    if (number != 0) return failure(path_, number);
    if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return failure(path_, errno);
    return {};
}

// The file.

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
    struct stat found{};
    if (::lstat(path_.c_str(), &found) != 0) path_.clear();
    device_ = found.st_dev;
    inode_ = found.st_ino;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
}

void SocketFile::remove() {
    if (path_.empty()) return;
    struct stat found{};
    bool const there = ::lstat(path_.c_str(), &found) == 0;
    if (there && found.st_dev == device_ && found.st_ino == inode_) ::unlink(path_.c_str());
    path_.clear();
}

}  // namespace sunder::live
