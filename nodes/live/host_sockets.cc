// SPDX-License-Identifier: BSD-3-Clause
//
// Looks through the open files of this process.
#include "nodes/live/host_sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

namespace sunder::live {

namespace {

using NameOf = int (*)(int, sockaddr*, socklen_t*);

std::string name_by(NameOf call, int descriptor) {
    sockaddr_storage storage{};
    socklen_t bytes = sizeof storage;
    if (call(descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return "";
    return {reinterpret_cast<char const*>(&storage), bytes};
}

}  // namespace

HostSockets::Folder HostSockets::open_folder() { return Folder(::opendir("/proc/self/fd")); }

std::vector<HostSockets::Socket> HostSockets::all(DIR* folder) {
    std::vector<Socket> found;
    if (folder == nullptr) return found;
    ::rewinddir(folder);
    while (dirent const* const entry = ::readdir(folder)) {
        std::string_view const name = entry->d_name;
        Socket socket;
        auto const [end, failure] =
            std::from_chars(name.data(), name.data() + name.size(), socket.descriptor);
        if (failure != std::errc()) continue;
        struct stat is{};
        if (::fstat(socket.descriptor, &is) != 0 || !S_ISSOCK(is.st_mode)) continue;
        socket.inode = is.st_ino;
        int listens = 0;
        socklen_t bytes = sizeof listens;
        ::getsockopt(socket.descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes);
        socket.listens = listens != 0;
        socket.here = name_by(::getsockname, socket.descriptor);
        socket.peer = name_by(::getpeername, socket.descriptor);
        found.push_back(std::move(socket));
    }
    return found;
}

void HostSockets::remember_others() {
    std::lock_guard const lock(lock_);
    // The process may fork yet, and then this folder would be another one's.
    for (Socket const& socket : all(open_folder().get())) others_.insert(socket.inode);
}

void HostSockets::find_listeners() {
    std::lock_guard const lock(lock_);
    folder_ = open_folder();
    for (Socket const& socket : all()) {
        if (socket.listens && !others_.contains(socket.inode)) listeners_.insert(socket.here);
    }
}

void HostSockets::opened(void const* handle, std::string const& peer_address) {
    std::lock_guard const lock(lock_);
    std::set<Inode> taken;
    for (auto const& [other, sockets] : open_) {
        if (sockets.size() == 1) taken.insert(*sockets.begin());
    }
    std::set<Inode> mine;
    std::set<Inode> named;
    for (Socket const& socket : all()) {
        if (socket.listens || !listeners_.contains(socket.here)) continue;
        if (taken.contains(socket.inode)) continue;
        mine.insert(socket.inode);
        bool const has_name = socket.peer.size() > sizeof(sa_family_t);
        if (has_name && socket.peer == peer_address) named.insert(socket.inode);
    }
    open_[handle] = named.empty() ? std::move(mine) : std::move(named);
}

void HostSockets::closed(void const* handle) {
    std::lock_guard const lock(lock_);
    open_.erase(handle);
}

std::size_t HostSockets::in_use() {
    std::lock_guard const lock(lock_);
    if (!folder_) return 0;
    ::rewinddir(folder_.get());
    std::size_t entries = 0;
    while (::readdir(folder_.get()) != nullptr) ++entries;
    constexpr std::size_t dots = 2;
    return entries - std::min(entries, dots);
}

void HostSockets::let_all_go() {
    std::lock_guard const lock(lock_);
    for (Socket const& socket : all()) {
        if (!socket.listens && listeners_.contains(socket.here)) {
            ::shutdown(socket.descriptor, SHUT_RD);
        }
    }
}

void HostSockets::let_go(void const* handle) {
    std::lock_guard const lock(lock_);
    auto const mine = open_.find(handle);
    if (mine == open_.end()) return;
    std::set<Inode> candidates = mine->second;
    for (auto const& [other, sockets] : open_) {
        if (other != handle && sockets.size() == 1) candidates.erase(*sockets.begin());
    }
    for (Socket const& socket : all()) {
        if (candidates.contains(socket.inode)) ::shutdown(socket.descriptor, SHUT_RD);
    }
}

}  // namespace sunder::live
