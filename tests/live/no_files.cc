// SPDX-License-Identifier: BSD-3-Clause
//
// Stands in for a system that can open nothing more (ENFILE), which a test cannot make of a machine
// that others use: loaded before libc into a process (LD_PRELOAD), it refuses what would open a
// descriptor while the file that SUNDER_FILES names is there and says that the process has as many
// as the system has room for.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

/// libc opens these by itself, and not by what is below.
bool none_left() {
    static char const* const file = std::getenv("SUNDER_FILES");
    std::FILE* const says = file == nullptr ? nullptr : std::fopen(file, "re");
    if (says == nullptr) return false;
    std::size_t room = 0;
    bool const read = std::fscanf(says, "%zu", &room) == 1;
    std::fclose(says);
    DIR* const open = ::opendir("/proc/self/fd");
    if (!read || open == nullptr) return false;
    std::size_t entries = 0;
    while (::readdir(open) != nullptr) ++entries;
    ::closedir(open);
    constexpr std::size_t not_counted = 3;  // two of the folder itself, and its own descriptor
    if (entries - not_counted < room) return false;
    errno = ENFILE;
    return true;
}

template <class Call>
Call* real(char const* name) {
    return reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, name));
}

mode_t mode_of(int flags, std::va_list arguments) {
    return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

extern "C" {

int accept4(int socket, sockaddr* address, socklen_t* bytes, int flags) {
    static auto* const call = real<int(int, sockaddr*, socklen_t*, int)>("accept4");
    return none_left() ? -1 : call(socket, address, bytes, flags);
}

int socket(int family, int kind, int protocol) noexcept {
    static auto* const call = real<int(int, int, int)>("socket");
    return none_left() ? -1 : call(family, kind, protocol);
}

int eventfd(unsigned value, int flags) noexcept {
    static auto* const call = real<int(unsigned, int)>("eventfd");
    return none_left() ? -1 : call(value, flags);
}

int open(char const* path, int flags, ...) {
    static auto* const call = real<int(char const*, int, mode_t)>("open");
    std::va_list arguments;
    va_start(arguments, flags);
    mode_t const mode = mode_of(flags, arguments);
    va_end(arguments);
    return none_left() ? -1 : call(path, flags, mode);
}

int openat(int folder, char const* path, int flags, ...) {
    static auto* const call = real<int(int, char const*, int, mode_t)>("openat");
    std::va_list arguments;
    va_start(arguments, flags);
    mode_t const mode = mode_of(flags, arguments);
    va_end(arguments);
    return none_left() ? -1 : call(folder, path, flags, mode);
}

}  // extern "C"
