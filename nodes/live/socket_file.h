// SPDX-License-Identifier: BSD-3-Clause
//
// The file that a Unix socket has in its folder: when it may be taken away, and by whom. From
// whoever has it bound nobody takes it, also when two begin at once; and who ends removes what he
// bound himself, and no other's.
#pragma once

#include <sys/types.h>
#include <sys/un.h>

#include <expected>
#include <string>

namespace sunder::live {

/// The error says how long a path may be.
std::expected<sockaddr_un, std::string> unix_address(std::string const& path);

/// A file that nobody has bound any more is removed; the error names what else is there.
std::expected<void, std::string> make_room_for_socket(std::string const& path);

/// Of those who want to bind there one looks and binds at a time: he who has this. It is a file
/// beside the socket's, and is gone when this is.
class SocketLock {
public:
    /// Waits for whoever has it, but not for one that stands still.
    static std::expected<SocketLock, std::string> take(std::string const& path);
    ~SocketLock();
    SocketLock(SocketLock&& other) noexcept;
    SocketLock& operator=(SocketLock&&) = delete;

    /// As make_room_for_socket does.
    [[nodiscard]] std::expected<void, std::string> make_room() const;

private:
    SocketLock(std::string path, int file) : path_(std::move(path)), file_(file) {}
    std::string path_;  // of the socket
    int file_;
};

/// The file of a socket that this process has bound.
class SocketFile {
public:
    SocketFile() = default;  ///< there is none
    /// Requires that it was bound just now, under the lock.
    explicit SocketFile(std::string path);
    ~SocketFile() { remove(); }
    SocketFile(SocketFile&& other) noexcept;
    SocketFile& operator=(SocketFile&& other) noexcept;

    /// If it is still the one that was bound. To be called while the socket is open: so long nobody
    /// puts another one there, and the file's number is not given to another.
    void remove();

private:
    std::string path_;  // empty: there is none any more
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace sunder::live
