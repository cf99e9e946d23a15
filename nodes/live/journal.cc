// SPDX-License-Identifier: BSD-3-Clause
//
// How fields are written, and the socket that takes them.
#include "nodes/live/journal.h"

#include "nodes/live/socket_file.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace sunder::live {

bool is_of_journal(int descriptor, char const* stream) {
    struct stat here{};
    if (stream == nullptr || ::fstat(descriptor, &here) != 0) return false;
    return fmt::format("{}:{}", here.st_dev, here.st_ino) == stream;
}

std::string journal_entry(std::span<JournalField const> fields) {
    std::string entry;
    for (auto const& [name, value] : fields) {
        entry += name;
        if (value.find('\n') == value.npos) {
            entry += '=';
        } else {
            entry += '\n';
            std::uint64_t const bytes = value.size();
            for (unsigned at = 0; at < 8; ++at) {
                entry += static_cast<char>(static_cast<unsigned char>(bytes >> (8 * at)));
            }
        }
        entry += value;
        entry += '\n';
    }
    return entry;
}

Journal::~Journal() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool Journal::send(std::string const& entry) {
    auto const to = unix_address(socket_);
    if (!to) return false;
    {
        std::lock_guard const lock(opening_);
        if (descriptor_ < 0) descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (descriptor_ < 0) return false;
    }
    for (;;) {
        // Not connected: so it does not matter which journal has the socket by now.
        ssize_t const sent = ::sendto(descriptor_, entry.data(), entry.size(), MSG_NOSIGNAL,
                                      reinterpret_cast<sockaddr const*>(&*to), sizeof(sockaddr_un));
        if (sent >= 0) return static_cast<std::size_t>(sent) == entry.size();
        if (errno != EINTR) return false;
    }
}

}  // namespace sunder::live
