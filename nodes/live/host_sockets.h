// SPDX-License-Identifier: BSD-3-Clause
//
// Which of this process's sockets lead to hosts. nbdkit 1.32 has no call that ends a connection, so
// they are found among the open files: accepted ones whose own name is that of a socket on which
// nbdkit listens. On a Unix socket hosts have no names; which socket is whose is known as soon as
// only one is left that it can be.
#pragma once

#include <dirent.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sunder::live {

class HostSockets {
public:
    /// To be called before nbdkit listens, and after everybody else does.
    void remember_others();
    /// To be called when nbdkit listens.
    void find_listeners();

    /// A host has opened something: `handle` names its connection from now on. Its address, if it
    /// has one (a sockaddr).
    void opened(void const* handle, std::string const& peer_address);
    void closed(void const* handle);
    /// Ends the connection, so that the host comes again elsewhere: nothing more is heard from him,
    /// and nbdkit closes when it has answered what he asked. It must not fail to: two threads of
    /// nbdkit 1.32 that cannot write at once abort it (raw_send_socket).
    void let_go(void const* handle);
    /// Nothing more is heard from any of them; what they have asked can still be answered.
    void let_all_go();
    /// How many descriptors this process has open.
    [[nodiscard]] std::size_t in_use();

private:
    using Inode = std::uint64_t;
    struct Socket {
        int descriptor = -1;
        Inode inode = 0;
        bool listens = false;
        std::string here;
        std::string peer;
    };
    struct Close {
        void operator()(DIR* folder) const { ::closedir(folder); }
    };
    using Folder = std::unique_ptr<DIR, Close>;
    static Folder open_folder();
    static std::vector<Socket> all(DIR* folder);
    [[nodiscard]] std::vector<Socket> all() const { return all(folder_.get()); }

    // Of this process's descriptors; kept open, for there may be none left when hosts have to go.
    Folder folder_;
    std::mutex lock_;
    std::set<Inode> others_;
    std::set<std::string> listeners_;              // their names
    std::map<void const*, std::set<Inode>> open_;  // what each can be
};

}  // namespace sunder::live
